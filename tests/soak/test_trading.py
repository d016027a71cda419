"""Very many bots: each of them steps the minute's bar, within the minute."""

import json
import secrets
import time
from collections.abc import Iterator
from datetime import date

from embedded.stack import EmbeddedStack
from tests.e2e.fed_symbol import FedSymbol, fed_symbol
from tickfold.market_data.series import microseconds
from tickfold.portfolios.journal import blank
from tickfold.portfolios.placing import opened
from tickfold.portfolios.store import PortfolioStore
from tickfold.protocol import BacktestConfig, CreatePortfolio
from tickfold.protocol.journal import Allocated, BotStep, JournalEvent
from tickfold.strategies import BUILT_IN
from tickfold.strategies.code_version import code_version
from tickfold.trading.bot import NO_LAST_DAY, Bot
from tickfold.trading.bot_run import BotRun
from tickfold.trading.bot_state import BotState
from tickfold.trading.bot_store import BotStore

SECONDS = 60
CAPITAL = 1_000.0
CODE = code_version(BUILT_IN.strategies["sma_cross"])


def bots_of(portfolio: str, fed: FedSymbol, count: int) -> Iterator[Bot]:
    """Yield bots that differ in their parameters, and begin with the symbol's sixth bar."""
    since = microseconds(fed.bars[5].bar.time)
    for number in range(count):
        config = BacktestConfig(
            stock=fed.symbol,
            timeframe="1m",
            start_date=date(2025, 11, 28),
            end_date=NO_LAST_DAY,
            start_capital=CAPITAL,
            strategy="sma_cross",
            parameters={"fast": 2 + number, "slow": 30 + number},
        )
        yield Bot(bot=f"b{number:02d}", portfolio=portfolio, config=config, code=CODE, since=since)


def start(portfolios: PortfolioStore, bots: BotStore, portfolio: str, some: list[Bot]) -> None:
    """Open a portfolio with its bots in one transaction."""
    request = CreatePortfolio(name=portfolio, cash=CAPITAL * len(some))
    events: list[JournalEvent] = [*opened(portfolio, "trader", request)]
    for bot in some:
        events += [
            Allocated(bot=bot.bot, symbol=bot.symbol, amount=CAPITAL),
            BotStep(bot=bot.bot, symbol=bot.symbol, time=bot.since // 1_000, what="started"),
        ]
    writes = [bots.put(bot, BotRun.start(bot, BUILT_IN).state) for bot in some]
    portfolios.append(blank(portfolio), events, "trader", writes=writes)


def test_all_bots_step_the_minute_s_bar_within_the_minute(stack: EmbeddedStack, in_full: bool) -> None:
    count, each = (200, 20) if in_full else (4, 3)
    table = stack.cloud.table(stack.outputs["trading_table"])
    portfolios, bots = PortfolioStore(table), BotStore(table)
    with fed_symbol(stack) as fed:
        names = [f"load-{secrets.token_hex(4)}-{number}" for number in range(count)]
        for name in names:
            start(portfolios, bots, name, list(bots_of(name, fed, each)))
        fed.feed(6, 6)
        began = time.monotonic()
        answer = stack.client("lambda").invoke(
            FunctionName="tickfold-embedded-trade:live", Payload=json.dumps({"detail": {"symbols": [fed.symbol]}})
        )
        seconds = time.monotonic() - began
        assert "FunctionError" not in answer
        assert json.loads(answer["Payload"].read())["written"] == dict.fromkeys(names, 1)
    for name in names:
        states = [BotState.decoded(stored.state) for stored in bots.of(name)]
        assert [(state.run.bars, state.last_bar) for state in states] == each * [
            (1, microseconds(fed.bars[5].bar.time))
        ]
    assert seconds < SECONDS
    print(f"\n{count * each:,} bots of {count} portfolios stepped a bar in {seconds:.1f} s")
