"""The limits of a bot: what breaches one, and that a bot whose limits hold trades like a backtest."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from tests.market_data.feed.market import HALF_DAY, MONDAY, minutes_of
from tests.trading.desk import backtest_of, bot_of
from tickfold.engine.bars import Bars, join
from tickfold.engine.signals import HOLD
from tickfold.market_data.series import utc
from tickfold.protocol.journal import BotLimits, BotStep
from tickfold.strategies import BUILT_IN
from tickfold.trading.bot_run import BotRun
from tickfold.trading.bot_state import BotState

BARS = minutes_of(HALF_DAY)[:60]
TWO_DAYS = minutes_of(HALF_DAY, MONDAY)[180:240]
"""The last half hour of a session, and the first of the next."""


class Stepped:
    """A bot over bars, with what it was worth at each, and what it has told."""

    def __init__(self, limits: dict[str, Any], **config: Any) -> None:
        bot = bot_of(**config).model_copy(update={"limits": BotLimits.model_validate(limits)})
        self.run = BotRun.start(bot, BUILT_IN)
        self.equity: list[float] = []
        self.told: list[BotStep] = []
        self._seen: list[Bars] = []

    def over(self, bars: Bars) -> "Stepped":
        """Step each bar in a batch of its own, from the state as it is stored."""
        for at in range(len(bars)):
            self._seen.append(bars[at : at + 1])
            self.run = BotRun(self.run.bot, BotState.decoded(self.run.state.encoded()), BUILT_IN)
            known = self._seen[-1 - self.run.looks_back :]
            self.run.look(join(known), 1)
            self.equity.append(self.run.step(bars[at : at + 1]))
            self.told += self.run.told()
        return self

    def steps(self, *what: str) -> list[BotStep]:
        return [each for each in self.told if each.what in what]


def test_bot_within_its_limits_trades_like_a_backtest() -> None:
    limits = {"position": 10_001, "dailyLoss": 0.9, "drawdown": 0.9, "hours": ["00:00", "23:59"]}
    signals = BUILT_IN.create("sma_cross", {"fast": 2, "slow": 5}).signals(BARS)
    bars = BARS[: int(np.flatnonzero(signals == HOLD)[-1]) + 1]  # the last bar decides nothing
    stepped, whole = Stepped(limits).over(bars), backtest_of(bot_of(), bars).statement
    assert len(whole.trades) > 5
    assert [each.price for each in stepped.steps("exit")] == [trade.exit_price for trade in whole.trades]
    assert_array_equal(np.array(stepped.equity), whole.equity)
    assert stepped.run.state.cash == whole.cash[-1]


@pytest.mark.parametrize(
    ("limit", "since"), [("drawdown", "the peak"), ("dailyLoss", "the day's start")], ids=["drawdown", "daily loss"]
)
def test_bot_that_loses_too_much_is_paused_at_that_close(limit: str, since: str) -> None:
    free = Stepped({}).over(BARS)
    before = np.maximum.accumulate(np.array([10_000, *free.equity]))[1:] if limit == "drawdown" else 10_000.0
    lost = 1 - np.array(free.equity) / before
    most = float(np.sort(lost)[-5])  # the worst bars but a few
    first = int(np.argmax(lost > most))
    stepped = Stepped({limit: most}).over(BARS)
    (paused,) = stepped.steps("paused")
    assert paused.time * 1_000 == BARS.timestamp[first]
    assert f"at {since}; the limit is" in str(paused.reason)
    assert stepped.equity[: first + 1] == free.equity[: first + 1]
    assert stepped.run.bot.status == "paused"
    assert [each.time for each in stepped.steps("entry")] == [
        each.time for each in free.steps("entry") if each.time * 1_000 <= BARS.timestamp[first]
    ]


def test_exits_of_a_paused_bot_go_on() -> None:
    stop = backtest_of(bot_of(strategy="buy_and_hold", trailingStop=0.001), BARS).statement.trades[0]
    stepped = Stepped({"dailyLoss": 1e-9}, strategy="buy_and_hold", trailingStop=0.001).over(BARS)
    (paused,), (closed,) = stepped.steps("paused"), stepped.steps("exit")
    assert paused.time < closed.time
    assert (closed.price, closed.reason) == (stop.exit_price, "trailing_stop")


def test_losses_of_a_day_are_measured_from_its_first_bar() -> None:
    """A loss of the day before counts no more, and that from the peak goes on counting."""
    stepped = Stepped({}).over(TWO_DAYS)
    next_day = int(np.argmax(TWO_DAYS.timestamp >= TWO_DAYS.timestamp[-1] // 86_400_000_000 * 86_400_000_000))
    assert stepped.run.state.day_start == stepped.equity[next_day - 1] != 10_000
    assert stepped.run.state.peak == max(10_000, *stepped.equity)


def test_resumed_bot_counts_its_losses_anew() -> None:
    stepped = Stepped({"drawdown": 0.001}).over(BARS)
    assert stepped.run.bot.status == "paused"
    stepped.run.resume()
    worth = stepped.run.state.equity
    assert (stepped.run.bot.status, stepped.run.state.peak, stepped.run.state.day_start) == ("running", worth, worth)
    stepped.run.resume()
    assert [each.what for each in stepped.run.told()] == ["resumed"]


@pytest.mark.parametrize("terms", [{}, {"fill": "close"}, {"limit": 0.0001, "limitBars": 3}], ids=str)
def test_position_above_its_limit_is_not_opened(terms: dict[str, Any]) -> None:
    whole = backtest_of(bot_of(strategy="buy_and_hold", **terms), BARS).statement
    opened = whole.open_trade
    assert opened
    value = opened.quantity * opened.entry_price
    at_limit = Stepped({"position": value}, strategy="buy_and_hold", **terms).over(BARS)
    assert at_limit.equity == whole.equity.tolist()
    stepped = Stepped({"position": value - 0.01}, strategy="buy_and_hold", **terms).over(BARS)
    assert stepped.steps("entry") == []
    (paused,) = stepped.steps("paused")
    assert "and the limit (position) is $" in str(paused.reason)
    assert paused.time * 1_000 == BARS.timestamp[opened.entry_bar]
    assert stepped.equity == [10_000.0] * len(BARS)


def test_reversal_into_a_position_above_its_limit_only_closes() -> None:
    whole = backtest_of(bot_of(direction="both"), BARS).statement
    first = whole.trades[0]
    limit = first.quantity * first.entry_price
    worst = next(each for each in whole.trades if each.quantity * each.entry_price > limit)
    stepped = Stepped({"position": limit}, direction="both").over(BARS)
    (paused,) = stepped.steps("paused")
    assert paused.time * 1_000 == BARS.timestamp[worst.entry_bar]
    assert stepped.steps("exit")[-1].time * 1_000 == BARS.timestamp[worst.entry_bar]
    assert stepped.run.state.shares == 0


def test_bot_opens_within_its_hours_and_closes_at_any_time() -> None:
    """It orders at a close: of the first hour, the entries that were decided in the second quarter."""
    opening = utc(int(BARS.timestamp[0]))
    hours = [opening + timedelta(minutes=15), opening + timedelta(minutes=30)]
    free = Stepped({}).over(BARS)
    stepped = Stepped({"hours": [f"{each:%H:%M}" for each in hours]}).over(BARS)
    entries = [datetime.fromtimestamp(each.time / 1_000, UTC) for each in stepped.steps("entry")]
    assert entries
    assert all(hours[0] <= each < hours[1] for each in entries)  # which is the next open
    crosses = {each.time for each in free.steps("entry", "exit")}
    assert {each.time for each in stepped.told} <= crosses
    assert stepped.steps("paused") == []
    assert stepped.run.state.shares == 0
