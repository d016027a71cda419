"""What goes wrong: the trader is killed, is there twice, is throttled; a bot fails. The others trade like backtests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError

from tests.market_data.feed.market import HALF_DAY, minutes_of
from tests.trading.desk import CASH, PORTFOLIO, Desk, assert_traded_like_a_backtest, backtest_of, bot_of
from tickfold.engine.bars import Bars
from tickfold.engine.signals import Signals
from tickfold.errors import RunError
from tickfold.portfolios.placing import killed, lifted
from tickfold.strategies import BUILT_IN, Registry, Strategy

BARS = minutes_of(HALF_DAY)[:24]
COUNT = len(BARS)


class Killed(BaseException):
    """The process has ended."""


@contextmanager
def on_writes(desk: Desk, when: str, do: Callable[..., Any]) -> Iterator[None]:
    """Call `do` when a transaction is sent (`before-call`) or has been answered (`after-call`)."""
    events, name = desk.table.meta.client.meta.events, f"{when}.dynamodb.TransactWriteItems"
    events.register_first(name, do)
    try:
        yield
    finally:
        events.unregister(name, do)


@pytest.mark.parametrize("when", ["before-call", "after-call"])
def test_trader_that_is_killed_at_each_write_goes_on_from_what_is_written(desk: Desk, when: str) -> None:
    """At every bar, before its transaction is sent or after it is carried out, when nobody hears the answer."""
    bot = bot_of()
    desk.start(bot)

    def die(**_: Any) -> None:
        raise Killed

    for count in range(1, COUNT + 1):
        desk.feed("GOOG", BARS, count)
        with on_writes(desk, when, die), pytest.raises(Killed):
            desk.trader().advance(PORTFOLIO)
        assert desk.trader().advance(PORTFOLIO) == (when == "before-call")
    assert assert_traded_like_a_backtest(desk, bot, BARS).metrics.trades


def test_trader_that_is_overtaken_steps_no_bar_again(desk: Desk) -> None:
    """Between what it has read and its write, another trader steps the same bars."""
    bot = bot_of()
    desk.start(bot)
    other = desk.trader()
    for count in range(1, COUNT + 1):
        desk.feed("GOOG", BARS, count)
        overtaken = list[int]()

        def overtake(overtaken: list[int] = overtaken, **_: Any) -> None:
            if not overtaken:
                overtaken.append(0)
                overtaken[0] = other.advance(PORTFOLIO)

        with on_writes(desk, "before-call", overtake):
            assert desk.trader().advance(PORTFOLIO) == 0
        assert overtaken == [1]
    assert_traded_like_a_backtest(desk, bot, BARS)


def test_trader_that_is_throttled_leaves_its_bars_to_the_next_call(desk: Desk) -> None:
    bot = bot_of()
    desk.start(bot)
    desk.feed("GOOG", BARS, 10)

    def throttle(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "TransactWriteItems")

    with on_writes(desk, "before-call", throttle), pytest.raises(ClientError, match="slow down"):
        desk.trader().advance(PORTFOLIO)
    assert desk.events()[-1].type != "bar"
    desk.feed("GOOG", BARS, COUNT)
    desk.trader().advance(PORTFOLIO)
    assert_traded_like_a_backtest(desk, bot, BARS)


class Faulty(Strategy):
    """Buys at its first bar, and fails where a close is above a level."""

    name: ClassVar[str] = "faulty"
    level: float = 0.0

    @property
    def lookback(self) -> int:
        return 0

    def signals(self, bars: Bars) -> Signals:
        if self.level and (bars.close >= self.level).any():
            raise ZeroDivisionError("no such average")
        return BUILT_IN.create("buy_and_hold", {}).signals(bars)


def test_bot_whose_strategy_fails_is_paused_with_its_reason_and_others_go_on(desk: Desk) -> None:
    desk.registry = Registry({**BUILT_IN.strategies, "faulty": Faulty})
    level = float(BARS.close[10:].max())
    at = int((BARS.close >= level).argmax())
    terms: dict[str, Any] = {"strategy": "faulty", "parameters": {"level": level}, "stopLoss": 0.5}
    faulty, other = bot_of(name="faulty", registry=desk.registry, **terms), bot_of()
    desk.start(faulty, other)
    for count in range(1, COUNT + 1):
        desk.feed("GOOG", BARS, count)
        desk.trader().advance(PORTFOLIO)
    (paused,) = desk.steps("faulty", "paused")
    assert "strategy faulty failed" in str(paused.reason)
    assert "ZeroDivisionError: no such average" in str(paused.reason)
    assert paused.time * 1_000 == BARS.timestamp[at - 1]  # it has not stepped the bar
    assert_traded_like_a_backtest(desk, other, BARS)
    state = desk.run_of("faulty").state
    assert state.last_bar == BARS.timestamp[-1]
    assert state.equity == state.cash + state.shares * BARS.close[-1]


def test_stop_of_a_paused_bot_still_protects_its_position(desk: Desk) -> None:
    bot = bot_of(strategy="buy_and_hold", trailingStop=0.0003)
    desk.start(bot)
    whole = backtest_of(bot, BARS)
    stop = whole.statement.trades[0]
    assert stop.exit_reason == "trailing_stop"
    desk.feed("GOOG", BARS, stop.entry_bar + 1)
    desk.trader().advance(PORTFOLIO)
    desk.owner.pause(PORTFOLIO, "cross", "ada")
    desk.feed("GOOG", BARS, COUNT)
    desk.trader().advance(PORTFOLIO)
    (closed,) = desk.steps("cross", "exit")
    assert (closed.price, closed.reason) == (stop.exit_price, "trailing_stop")


def test_order_of_a_bot_that_is_paused_does_not_fill(desk: Desk) -> None:
    """Decided at a close, it would fill at the next open."""
    desk.start(bot_of(strategy="buy_and_hold"))
    first = backtest_of(bot_of(strategy="buy_and_hold"), BARS).statement.open_trade
    assert first
    desk.feed("GOOG", BARS, first.entry_bar)
    desk.trader().advance(PORTFOLIO)
    desk.owner.pause(PORTFOLIO, "cross", "ada")
    desk.feed("GOOG", BARS, COUNT)
    desk.trader().advance(PORTFOLIO)
    assert desk.steps("cross", "entry") == []
    assert desk.run_of("cross").state.equity == 10_000


def test_bots_of_a_portfolio_that_is_killed_open_nothing_until_a_person_lifts_that(desk: Desk) -> None:
    desk.start(bot_of())
    desk.portfolios.append(desk.portfolio, killed(desk.portfolio, "enough", None), "ada")
    desk.feed("GOOG", BARS, COUNT // 2)
    desk.trader().advance(PORTFOLIO)
    assert desk.steps("cross", "entry") == []
    desk.portfolios.append(desk.portfolio, lifted(desk.portfolio), "ada")
    desk.feed("GOOG", BARS, COUNT)
    desk.trader().advance(PORTFOLIO)
    assert desk.steps("cross", "entry")


def test_bots_of_a_stack_that_may_not_trade_open_nothing(desk: Desk) -> None:
    desk.start(bot_of())
    desk.feed("GOOG", BARS, COUNT)
    desk.trader(may_trade=lambda: False).advance(PORTFOLIO)
    assert desk.steps("cross", "entry") == []
    assert desk.run_of("cross").state.last_bar == BARS.timestamp[-1]


def test_new_code_of_a_strategy_is_refused_while_a_position_is_open(desk: Desk) -> None:
    old = bot_of(strategy="buy_and_hold").model_copy(update={"code": "0123456789ab"})
    desk.start(old)
    desk.feed("GOOG", BARS, 1)
    desk.trader().advance(PORTFOLIO)  # nothing is open: adopted
    (adopted,) = desk.steps("cross", "adopted")
    desk.feed("GOOG", BARS, 6)
    desk.trader().advance(PORTFOLIO)
    run = desk.run_of("cross")
    assert run.state.shares
    run.bot = run.bot.model_copy(update={"code": "0123456789ab"})  # as if the file had changed since
    desk.portfolios.append(desk.portfolio, [adopted], "test", writes=[desk.bots.put(run.bot, run.state)])
    desk.feed("GOOG", BARS, 7)
    desk.trader().advance(PORTFOLIO)
    (paused,) = desk.steps("cross", "paused")
    assert "has changed (0123456789ab → " in str(paused.reason)
    assert "adopt the new code" in str(paused.reason)
    desk.owner.resume(PORTFOLIO, "cross", "ada", adopt_code=True)
    desk.feed("GOOG", BARS, COUNT)
    desk.trader().advance(PORTFOLIO)
    assert desk.run_of("cross").bot.status == "running"


def break_state(desk: Desk, bot: str) -> None:
    desk.table.update_item(
        Key={"portfolio": f"p#{PORTFOLIO}", "entry": f"bot#{bot}"},
        UpdateExpression="SET #state = :state",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":state": b"tickfold checkpoint 0\n and more"},
    )


def test_bot_whose_state_cannot_be_read_is_paused_and_others_go_on(desk: Desk) -> None:
    bot, other = bot_of(name="broken"), bot_of()
    desk.start(bot, other)
    break_state(desk, "broken")
    desk.feed("GOOG", BARS, COUNT)
    desk.trader().advance(PORTFOLIO)
    (paused,) = desk.steps("broken", "paused")
    assert "its state cannot be read: not a checkpoint of this version" in str(paused.reason)
    assert_traded_like_a_backtest(desk, other, BARS)
    assert desk.trader().advance(PORTFOLIO) == 0


def test_only_bot_of_a_portfolio_whose_state_cannot_be_read_is_paused(desk: Desk) -> None:
    desk.start(bot_of())
    break_state(desk, "cross")
    desk.feed("GOOG", BARS, 5)
    assert desk.trader().advance(PORTFOLIO) == 1
    assert len(desk.steps("cross", "paused")) == 1
    assert desk.trader().advance(PORTFOLIO) == 0


def test_stopped_bot_closes_its_position_and_gives_its_cash_back(desk: Desk) -> None:
    desk.start(bot_of(strategy="buy_and_hold"))
    assert desk.portfolio.cash == CASH - 10_000
    desk.feed("GOOG", BARS, 6)
    desk.trader().advance(PORTFOLIO)
    desk.owner.stop(PORTFOLIO, "cross", "ada")
    desk.feed("GOOG", BARS, COUNT)
    desk.trader().advance(PORTFOLIO)
    (closed,) = desk.steps("cross", "exit")
    assert closed.time * 1_000 == BARS.timestamp[7]  # decided at the close of the next bar, filled at the open after
    run = desk.run_of("cross")
    assert (run.bot.status, run.state.shares) == ("stopped", 0)
    assert desk.portfolio.cash == CASH - 10_000 + run.state.cash
    assert desk.portfolio.bots == {}


def test_bot_that_holds_nothing_is_stopped_at_once(desk: Desk) -> None:
    desk.start(bot_of())
    assert desk.owner.stop(PORTFOLIO, "cross", "ada").status == "stopped"
    assert desk.portfolio.cash == CASH
    assert desk.owner.stop(PORTFOLIO, "cross", "ada").status == "stopped"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"startCapital": CASH + 1}, r"has \$100,000.00 of cash, less than the \$100,001.00"),
        ({"stock": ["GOOG", "MSFT"]}, "a bot trades one symbol"),
        ({"timeframe": "1d"}, "the feed's bars of 1m, not of 1d"),
        ({"parameters": {"fast": 0}}, "strategy sma_cross: fast"),
    ],
)
def test_wrong_bot_is_refused_before_anything_is_written(desk: Desk, config: dict[str, Any], message: str) -> None:
    before = desk.portfolio
    with pytest.raises(RunError, match=message):
        desk.start(bot_of(**config))
    assert desk.portfolio == before
    assert list(desk.bots.of(PORTFOLIO)) == []


def test_bot_is_started_once(desk: Desk) -> None:
    desk.start(bot_of(), bot_of())
    assert desk.portfolio.cash == CASH - 10_000
    with pytest.raises(RunError, match="another bot cross"):
        desk.start(bot_of(startCapital=5))


def test_unknown_bot_is_named(desk: Desk) -> None:
    desk.start(bot_of())
    with pytest.raises(RunError, match=r"has no bot crass \(did you mean cross\?\); it has: cross"):
        desk.owner.pause(PORTFOLIO, "crass", "ada")
