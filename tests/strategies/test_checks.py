"""Checks of a strategy: each promise that is broken is found, at the first bar where it shows."""

from typing import Any, ClassVar

import numpy as np
import pytest

from tickfold.engine.arrays import Floats
from tickfold.engine.bars import Bars
from tickfold.engine.calendar import MICROSECONDS_PER_DAY
from tickfold.engine.indicators import lag, rolling_sum
from tickfold.engine.signals import FLAT, HOLD, LONG, SHORT, Signals
from tickfold.strategies import BUILT_IN, Strategy
from tickfold.strategies.checks import Check, check

PROMISES = ["signals", "bars untouched", "deterministic", "no look-ahead", "lookback", "exact fold"]


def checked(strategy: Strategy, bars: Bars) -> dict[str, Check]:
    return {each.promise: each for each in check(strategy, bars)}


def broken(found: dict[str, Check]) -> list[str]:
    return [promise for promise, each in found.items() if not each.holds]


@pytest.mark.parametrize("name", BUILT_IN.strategies)
def test_check_built_in_strategies_pass(goog: Bars, name: str) -> None:
    found = checked(BUILT_IN.create(name, {}), goog[-900:])
    assert list(found) == PROMISES
    assert broken(found) == []


class Sided(Strategy):
    """Long where a level that each subclass computes is below the close, else short; it looks back two bars."""

    name: ClassVar[str] = "sided"

    @property
    def lookback(self) -> int:
        return 2

    def level(self, bars: Bars) -> Floats:
        return lag(bars.close, 1)

    def signals(self, bars: Bars) -> Signals:
        return np.where(bars.close > self.level(bars), LONG, SHORT).astype(np.int8)


class Peeking(Sided):
    def level(self, bars: Bars) -> Floats:
        return np.append(bars.close[1:], np.nan)


class Averaging(Sided):
    def level(self, bars: Bars) -> Floats:
        return np.full(len(bars), bars.close.mean())


class ShortSighted(Sided):
    def level(self, bars: Bars) -> Floats:
        return rolling_sum(bars.close, 6) / 6


class Accumulating(Sided):
    def level(self, bars: Bars) -> Floats:
        return np.cumsum(bars.close) / np.arange(1, len(bars) + 1)


class Shuffling(Sided):
    def level(self, bars: Bars) -> Floats:
        return np.random.default_rng().permutation(bars.close)


class Writing(Sided):
    def level(self, bars: Bars) -> Floats:
        bars.high[-1] = 0
        return bars.low


class Tiring(Sided):
    """Says the opposite when it is asked about the same bars twice in a row."""

    last: ClassVar[list[Bars]] = []

    def signals(self, bars: Bars) -> Signals:
        again = any(np.array_equal(each.timestamp, bars.timestamp) for each in self.last)
        self.last[:] = [bars]
        signals = super().signals(bars)
        return -signals if again else signals


class Waiting(Sided):
    def signals(self, bars: Bars) -> Signals:
        return np.full(len(bars), HOLD, dtype=np.int8)


@pytest.fixture
def bars() -> Bars:
    """Sixty days on which the close goes up two and down one by turns."""
    close = np.cumsum(np.tile([2.0, -1.0], 30)) + 100
    volume = np.ones(60)
    return Bars(np.arange(60) * MICROSECONDS_PER_DAY, close, close + 1, close - 1, close, volume, decimals=0)


def test_check_look_ahead_is_found_at_its_first_bar(bars: Bars) -> None:
    found = checked(Peeking(), bars)
    assert "no look-ahead" in broken(found)
    assert found["no look-ahead"].finding == (
        "bar 0 (1970-01-01): LONG with all bars, SHORT where the bars end at 1970-01-01"
    )
    assert "shift by −1" in found["no look-ahead"].advice


def test_check_mean_of_whole_array_is_look_ahead(bars: Bars) -> None:
    found = checked(Averaging(), bars)
    assert {"no look-ahead", "lookback", "exact fold"} == set(broken(found))
    assert found["no look-ahead"].finding == (
        "bar 0 (1970-01-01): SHORT with all bars, LONG where the bars end at 1970-01-02"
    )


def test_check_short_lookback_reports_one_that_suffices(bars: Bars) -> None:
    found = checked(ShortSighted(), bars)
    assert broken(found) == ["lookback", "exact fold"]
    assert found["lookback"].finding == (
        "bar 5 (1970-01-06): LONG with all bars before it, SHORT where they begin at 1970-01-02, 4 bars earlier; "
        "its lookback is 2"
    )
    assert found["lookback"].advice == "increase the lookback: 5 suffices on these bars"


def test_check_unbounded_memory_reports_that_no_lookback_suffices(goog: Bars) -> None:
    found = checked(Accumulating(), goog[:500])
    assert broken(found) == ["lookback", "exact fold"]
    assert "depend on where the bars start" in found["lookback"].advice


def test_check_lookback_longer_than_bars_is_undecided(bars: Bars) -> None:
    found = checked(BUILT_IN.create("sma_cross", {"fast": 2, "slow": 60}), bars)
    assert found["lookback"].holds is None
    assert found["lookback"].finding == "lookback 60 with only 60 bars"


def test_check_random_signals_are_found(goog: Bars) -> None:
    found = checked(Shuffling(), goog[:200])
    assert found["deterministic"].holds is False
    assert found["deterministic"].finding.endswith(("LONG when called again", "SHORT when called again"))
    assert "use no random numbers" in found["deterministic"].advice


def test_check_fold_that_differs_from_one_pass_is_found(goog: Bars) -> None:
    """Of each chunk the check asks for the signals, and then the worker does: the fold is of what the worker got."""
    found = checked(Tiring(), goog[:200])
    assert broken(found) == ["deterministic", "exact fold"]
    assert found["exact fold"].finding.endswith("another position or equity than in one pass when cut into 2 chunks")


def test_check_modified_bars_are_found(bars: Bars) -> None:
    found = checked(Writing(), bars)
    assert broken(found)[0] == "bars untouched"
    assert found["bars untouched"].finding == "high of bar 59 (1970-03-01) was 131.0 and is 0.0 after the call"


def test_check_without_signals_is_undecided(bars: Bars) -> None:
    found = checked(Waiting(), bars)
    assert found["signals"].holds is None
    assert "no signals on these bars" in found["signals"].finding


@pytest.mark.parametrize(
    ("returned", "finding"),
    [
        ([HOLD] * 60, "returned a list"),
        (np.zeros(60), "returned an array of float64"),
        (np.zeros(59, dtype=np.int8), r"returned an array of shape (59,)"),
        (np.array([LONG, FLAT, 3] * 20, dtype=np.int8), "returned the value 3 at bar 2"),
    ],
)
def test_check_invalid_signals_fail(bars: Bars, returned: Any, finding: str) -> None:
    class Odd(Sided):
        def signals(self, _bars: Bars) -> Signals:
            return returned  # type: ignore[no-any-return]

    (only,) = check(Odd(), bars)
    assert (only.promise, only.holds) == ("signals", False)
    assert only.finding == f"on 60 bars, 1970-01-01 to 1970-03-01, it {finding}"
    assert only.advice == "expected a numpy array of int8 with HOLD, LONG, SHORT or FLAT for each bar"


def test_check_error_on_few_bars_is_found(bars: Bars) -> None:
    class Demanding(Sided):
        def level(self, bars: Bars) -> Floats:
            return np.full(len(bars), bars.close[4])

    last = list(check(Demanding(), bars))[-1]
    assert (last.promise, last.holds) == ("signals", False)
    assert "on 1 bar, 1970-01-01 to 1970-01-01, it raised IndexError: index 4 is out of bounds" in last.finding
    assert "fewer than its lookback" in last.advice


@pytest.mark.parametrize("lookback", [-1, 2.5, None])
def test_check_invalid_lookback_fails(bars: Bars, lookback: Any) -> None:
    class Odd(Sided):
        @property
        def lookback(self) -> int:
            return lookback  # type: ignore[no-any-return]

    last = list(check(Odd(), bars))[-1]
    assert last.finding == f"its lookback is {lookback!r}"
    assert last.advice == "expected a whole number of bars, 0 or more"
