"""Trade: steps the portfolios that new bars concern, and now and then all that any bar may concern."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from functions.each_portfolio import each_portfolio
from functions.settings import TradeSettings
from tickfold.errors import TickfoldError
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.watch_list import WatchList
from tickfold.portfolios.store import PortfolioStore
from tickfold.portfolios.switches import TRADING_ENABLED, Switches
from tickfold.strategies import Registry
from tickfold.strategies.files import FOLDER
from tickfold.trading.bot_store import BotStore
from tickfold.trading.tape import Tape
from tickfold.trading.trader import Trader

logger = Logger()

Event = dict[str, Any]


class NotAdvancedError(TickfoldError):
    """Some portfolios could not be stepped; the others are."""


@dataclass(frozen=True)
class Dependencies:
    """What Trade works with."""

    watch_list: WatchList
    portfolios: PortfolioStore
    trader: Trader


@cache
def dependencies() -> Dependencies:
    settings = TradeSettings.read()
    tables = wiring.dynamodb()
    bars, trading = tables.Table(settings.bars_table), tables.Table(settings.trading_table)
    portfolios, switches = PortfolioStore(trading), Switches(trading)
    tape = Tape(HotStore(bars), BarStore(wiring.s3(), settings.bucket))
    trader = Trader(
        portfolios,
        BotStore(trading),
        tape,
        Registry.discover(FOLDER),
        may_trade=lambda: switches.read()[TRADING_ENABLED],
    )
    return Dependencies(WatchList(bars), portfolios, trader)


def trade(event: Event, given: Dependencies) -> Event:
    """Step each portfolio that follows one of `detail.symbols`; without them, one of the symbols ever watched.

    Return how many transactions that took, by portfolio.

    Raises:
        NotAdvancedError: for some portfolios that failed.
    """
    symbols: list[str] = event.get("detail", {}).get("symbols") or [each.symbol for each in given.watch_list.ever()]
    concerned = _concerned(given.portfolios, symbols)
    written, failed = each_portfolio(concerned, given.trader.advance, logger, "a portfolio could not be stepped")
    logger.info("traded", extra={"symbols": len(symbols), "written": written})
    if failed:
        raise NotAdvancedError(f"not stepped: {', '.join(failed)}; see the log")
    return {"written": written}


def _concerned(portfolios: PortfolioStore, symbols: Iterable[str]) -> list[str]:
    return sorted({portfolio for symbol in symbols for portfolio in portfolios.of_symbol(symbol)})


@logger.inject_lambda_context(clear_state=True)
def handler(event: Event, _context: LambdaContext) -> Event:
    return trade(event, dependencies())
