"""Evaluation: whatever a strategy does wrong is told as its own fault, at the first try and in one line."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pytest

from tickfold.engine.bars import Bars
from tickfold.engine.calendar import MICROSECONDS_PER_DAY
from tickfold.engine.signals import HOLD, LONG, Signals
from tickfold.errors import StrategyFailedError, is_retryable
from tickfold.strategies import BUILT_IN, Strategy
from tickfold.strategies.builtin.buy_and_hold import BuyAndHold
from tickfold.strategies.checks import check
from tickfold.strategies.evaluation import evaluate, lookback_of

ON = "on 60 bars, 1970-01-01 to 1970-03-01"
EXPECTED = "expected a numpy array of int8 with HOLD, LONG, SHORT or FLAT for each bar"
ANY_NUMBER = "it must return signals for any number of bars, also for one, or fewer than its lookback"


@pytest.fixture
def bars() -> Bars:
    close = np.cumsum(np.tile([2.0, -1.0], 30)) + 100
    return Bars(np.arange(60) * MICROSECONDS_PER_DAY, close, close + 1, close - 1, close, np.ones(60), decimals=0)


class Given(Strategy):
    """Does what each test tells it."""

    name: ClassVar[str] = "given"
    lookback: ClassVar[int] = 0
    act: ClassVar[Callable[[Bars], Any]] = len

    level: int = 0

    def signals(self, bars: Bars) -> Signals:
        return type(self).act(bars)  # type: ignore[no-any-return]


def given(what: Callable[[Bars], Any]) -> Strategy:
    return type("Given", (Given,), {"act": staticmethod(what), "__module__": __name__})()  # type: ignore[no-any-return]


def reason(strategy: Strategy, bars: Bars, seconds: float = 20) -> str:
    with pytest.raises(StrategyFailedError) as caught:
        list(evaluate([strategy], bars, seconds))
    assert not is_retryable(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def hold(bars: Bars) -> Signals:
    return np.full(len(bars), HOLD, dtype=np.int8)


RETURNED: list[tuple[Callable[[Bars], Any], str]] = [
    (lambda bars: bars.close > 100, "an array of bool"),
    (lambda bars: hold(bars).astype(np.int64), "an array of int64"),
    (lambda bars: np.full(len(bars), np.nan), "an array of float64"),
    (lambda bars: hold(bars).astype(object), "an array of object"),
    (lambda bars: hold(bars).astype(str), "an array of <U4"),
    (lambda _bars: None, "nothing (None)"),
    (lambda bars: list(hold(bars)), "a list"),
    (lambda bars: (hold(bars), bars), "a tuple"),
    (lambda bars: (signal for signal in hold(bars)), "a generator"),
    (lambda _bars: np.int8(LONG), "a int8"),
    (lambda bars: np.ma.array(hold(bars), mask=True), "a MaskedArray"),
    (lambda bars: hold(bars)[1:], "an array of shape (59,)"),
    (lambda bars: hold(bars)[:, None], "an array of shape (60, 1)"),
    (lambda bars: hold(bars) + np.int8(3), "the value 3 at bar 0"),
    (lambda bars: np.where(np.arange(len(bars)) == 7, -2, HOLD).astype(np.int8), "the value -2 at bar 7"),
]


@pytest.mark.parametrize(("act", "found"), RETURNED, ids=[found for _, found in RETURNED])
def test_wrong_return_is_told_in_the_words_of_the_check(bars: Bars, act: Callable[[Bars], Any], found: str) -> None:
    assert reason(given(act), bars) == f"strategy given failed: {ON}, it returned {found}; {EXPECTED}"
    first = next(check(given(act), bars))
    assert (first.finding, first.advice) == (f"{ON}, it returned {found}", EXPECTED)


class OwnError(BaseException):
    """No Exception, as those that end threads and tasks."""


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def _raise(error: BaseException) -> Callable[[Bars], Any]:
    def act(_bars: Bars) -> Any:
        raise error

    return act


def _recurse(bars: Bars) -> Any:
    return _recurse(bars)


RAISED: list[tuple[Callable[[Bars], Any], str, str]] = [
    (_raise(KeyError("x")), "KeyError: 'x' (line ", ANY_NUMBER),
    (_raise(ValueError("one\n  two")), "ValueError: one two (line ", ANY_NUMBER),
    (_raise(SystemExit(1)), "SystemExit: 1 (line ", ANY_NUMBER),
    (_raise(StopIteration("x")), "StopIteration: x (line ", ANY_NUMBER),
    (_raise(OwnError("x")), "OwnError: x (line ", ANY_NUMBER),
    (_raise(ValueError("a\ud800b\x1b[1m")), "ValueError: a b [1m (line ", ANY_NUMBER),
    (_raise(UnspeakableError()), "UnspeakableError (line ", ANY_NUMBER),
    (_raise(MemoryError()), "MemoryError (line ", "no array of bars by bars"),
    (_recurse, "RecursionError: maximum recursion depth exceeded", ANY_NUMBER),
    (lambda bars: bars.close.fill(0), "ValueError: assignment destination is read-only (line ", "work on a copy"),
]


@pytest.mark.parametrize(("act", "raised", "advice"), RAISED, ids=[raised for _, raised, _ in RAISED])
def test_exception_is_told_with_its_line(bars: Bars, act: Callable[[Bars], Any], raised: str, advice: str) -> None:
    told = reason(given(act), bars)
    assert told.startswith(f"strategy given failed: {ON}, it raised {raised}")
    assert "of test_evaluation.py); " in told
    assert advice in told


def test_text_of_an_exception_is_cut(bars: Bars) -> None:
    assert len(reason(given(_raise(ValueError("x" * 10_000))), bars)) < 600


def test_endless_strategy_is_told_at_its_limit(bars: Bars) -> None:
    began = time.monotonic()
    told = reason(given(lambda _bars: [None for _ in iter(int, 1)]), bars, seconds=0.3)
    assert time.monotonic() - began < 5
    assert told.startswith(f"strategy given ran longer than 0.3 s {ON}: look for a loop that does not end")


def test_strategy_that_ends_its_process_is_told(bars: Bars) -> None:
    told = reason(given(lambda _bars: os._exit(0)), bars)
    assert told == f"strategy given failed: {ON}, it ended its process with exit code 0"


def test_failing_set_of_a_sweep_is_named(bars: Bars) -> None:
    class Fussy(Given):
        def signals(self, bars: Bars) -> Signals:
            return hold(bars)[self.level :]

    signals = evaluate([Fussy(level=0), Fussy(level=3)], bars)
    assert next(signals).tolist() == [HOLD] * 60
    with pytest.raises(StrategyFailedError, match=r"^strategy given with level=3 failed: on 60 bars"):
        next(signals)


def test_fewer_arrays_than_sets_are_told(bars: Bars) -> None:
    class Lazy(Given):
        @classmethod
        def signals_of_all(cls, _strategies: Sequence[Self], bars: Bars) -> Iterator[Signals]:
            yield hold(bars)

    with pytest.raises(StrategyFailedError, match="signals_of_all yielded 1 of 2 sets' signals"):
        list(evaluate([Lazy(), Lazy()], bars))


@pytest.mark.parametrize("name", BUILT_IN.strategies)
def test_signals_are_those_of_a_plain_call(goog: Bars, name: str) -> None:
    strategy = BUILT_IN.create(name, {})
    (found,) = evaluate([strategy], goog)
    assert found.tolist() == strategy.signals(goog).tolist()


class Derived(BuyAndHold):
    """A user's own class, though it inherits all of its code."""


@pytest.mark.parametrize(("strategy", "children"), [(BuyAndHold(), 0), (Derived(), 1), (given(hold), 1)])
def test_only_a_users_own_strategy_has_a_child_process(bars: Bars, strategy: Strategy, children: int) -> None:
    signals = evaluate([strategy], bars)
    next(signals)
    assert len(multiprocessing.active_children()) == children
    assert list(signals) == []


@pytest.mark.parametrize("lookback", [-1, 2.5, None, True])
def test_invalid_lookback_is_told(lookback: Any) -> None:
    odd = type("Odd", (Given,), {"lookback": lookback, "__module__": __name__})()
    with pytest.raises(StrategyFailedError) as caught:
        lookback_of([odd])
    assert str(caught.value).startswith(f"strategy given failed: its lookback is {lookback!r}; expected a whole number")


def with_lookback(act: Callable[[Any], Any]) -> Strategy:
    return type("Odd", (Given,), {"lookback": property(act), "__module__": __name__})()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("act", "how"),
    [
        (lambda _self: [None for _ in iter(int, 1)], "ran longer than 0.3 s"),
        (lambda _self: os._exit(3), "ended its process with exit code 3"),
    ],
)
def test_endless_or_fatal_lookback_is_told(act: Callable[[Any], Any], how: str) -> None:
    expected = f"^strategy given failed: its lookback {how}; expected a whole number of bars, from its parameters$"
    with pytest.raises(StrategyFailedError, match=expected):
        lookback_of([with_lookback(act)], seconds=0.3)


def test_longest_lookback_of_a_sweep_is_taken() -> None:
    class Long(Given):
        @property
        def lookback(self) -> int:  # type: ignore[override]
            return self.level

    assert lookback_of([Long(level=level) for level in (3, 8, 5)]) == 8
