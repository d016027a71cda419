"""A new symbol that the feed fetches, with bars that a test stores."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from embedded.stack import EmbeddedStack
from tests.market_data.feed.stored import feed_bars, store
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.minute_bar import FeedBar
from tickfold.market_data.feed.watch_list import WatchList
from tickfold.portfolios.matching import advance
from tickfold.portfolios.store import OvertakenError, PortfolioStore

BARS = 20


@dataclass(frozen=True)
class FedSymbol:
    """The symbol, and its bars."""

    stack: EmbeddedStack
    symbol: str
    bars: list[FeedBar]

    def feed(self, first: int, last: int) -> None:
        """Store the bars from number `first` to `last`."""
        hot = HotStore(self.stack.cloud.table(self.stack.outputs["bars_table"]))
        store(hot, self.symbol, self.bars[first - 1 : last])

    def trade(self, first: int, last: int) -> None:
        """Let the portfolios that follow the symbol see these bars. Idempotent, as the trader's own steps are."""
        portfolios = PortfolioStore(self.stack.cloud.table(self.stack.outputs["trading_table"]))
        for name in portfolios.of_symbol(self.symbol):
            for bar in self.bars[first - 1 : last]:
                self._step(portfolios, name, bar)

    def _step(self, portfolios: PortfolioStore, name: str, bar: FeedBar) -> None:
        while True:
            portfolio = portfolios.get(name)
            assert portfolio is not None
            events = advance(portfolio, self.symbol, bar)
            try:
                if events:
                    portfolios.append(portfolio, events, "trader")
                return
            except OvertakenError:
                continue


@contextmanager
def fed_symbol(stack: EmbeddedStack) -> Iterator[FedSymbol]:
    """Watch a new symbol, of which five bars are stored."""
    fed = FedSymbol(stack, f"T{secrets.token_hex(3).upper()}", feed_bars(BARS))
    watch_list = WatchList(stack.cloud.table(stack.outputs["bars_table"]))
    watch_list.add([fed.symbol], "XNYS", "test")
    try:
        fed.feed(1, 5)
        yield fed
    finally:
        watch_list.remove([fed.symbol])
