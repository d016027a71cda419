"""The contract of a strategy: what it may return, and in which words a breach of it is told."""

import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, cast

import numpy as np

from tickfold.engine.bars import COLUMNS, Bars, time_of
from tickfold.engine.signals import FLAT, HOLD, LONG, SHORT, Signals
from tickfold.errors import StrategyFailedError
from tickfold.strategies.strategy import Strategy

NAMES: Final = MappingProxyType({HOLD: "HOLD", LONG: "LONG", SHORT: "SHORT", FLAT: "FLAT"})
"""The name of each signal."""
LONGEST_TEXT: Final = 300
"""Characters of an exception's text; the rest is cut."""

_ENDED: Final = object()
_EXPECTED = "expected a numpy array of int8 with HOLD, LONG, SHORT or FLAT for each bar"
_WITHOUT_ERRORS = "it must return signals for any number of bars, also for one, or fewer than its lookback"
_LESS_MEMORY = "it must do with a worker's memory: no array of bars by bars, for instance"
_UNTOUCHED = "it must leave the bars as they are; work on a copy: values = bars.close.copy()"


class ContractError(StrategyFailedError):
    """A strategy broke its contract: `finding` says how, `advice` what was expected."""

    def __init__(self, reason: str, finding: str = "", advice: str = "") -> None:
        super().__init__(reason)
        self.finding = finding
        self.advice = advice

    @classmethod
    def of(cls, name: str, finding: str, advice: str) -> "ContractError":
        """Return the error of the strategy `name`."""
        return cls(f"strategy {name} failed: {finding}; {advice}", finding, advice)


def lookback_of(strategy: Strategy) -> int:
    """Return a strategy's lookback.

    Raises:
        ContractError: it raised an error, or is no whole number from 0 on.
    """
    try:
        lookback: Any = strategy.lookback
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        finding = f"its lookback raised {_told(error, strategy)}"
        raise ContractError.of(strategy.name, finding, "expected a whole number of bars, 0 or more") from error
    if isinstance(lookback, bool) or not isinstance(lookback, int) or lookback < 0:
        finding = f"its lookback is {lookback!r}"
        raise ContractError.of(strategy.name, finding, "expected a whole number of bars, 0 or more")
    return lookback


def signals_of(strategy: Strategy, bars: Bars) -> Signals:
    """Return a strategy's signals on `bars`.

    Raises:
        ContractError: it raised an error, or returned something else than signals.
    """
    return next(signals_of_all([strategy], bars, together=False))


def signals_of_all(strategies: Sequence[Strategy], bars: Bars, *, together: bool = True) -> Iterator[Signals]:
    """Yield the signals of each of `strategies`, which differ in their parameters only.

    `together` calls what may share work between them; otherwise each is called by itself.

    Raises:
        ContractError: one of them raised an error, or returned something else than signals.
    """
    kind = type(strategies[0])
    found: Any = None
    for number, strategy in enumerate(strategies):
        name = strategy.name if len(strategies) == 1 else f"{strategy.name} with {_parameters(strategy)}"
        try:
            if together:
                found = iter(kind.signals_of_all(strategies, bars)) if number == 0 else found
                returned = next(found, _ENDED)
            else:
                returned = strategy.signals(bars)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            finding = f"{_on(bars)} it raised {_told(error, strategy)}"
            raise ContractError.of(name, finding, _advice(error)) from error
        if returned is _ENDED:
            finding = f"{_on(bars)} signals_of_all yielded {number} of {len(strategies)} sets' signals"
            raise ContractError.of(name, finding, "expected one array for each set, in their order")
        if fault := _fault(returned, len(bars)):
            raise ContractError.of(name, f"{_on(bars)} it returned {fault}", _EXPECTED)
        yield cast(Signals, returned)


def read_only(bars: Bars) -> Bars:
    """Return `bars` as views that cannot be written to; the arrays are not copied."""
    views = {name: getattr(bars, name).view() for name in COLUMNS}
    for view in views.values():
        view.flags.writeable = False
    return Bars(**views, decimals=bars.decimals)


def _fault(found: Any, bars: int) -> str:
    """Return what is wrong with what a strategy returned for so many bars; empty if nothing is."""
    if found is None:
        return "nothing (None)"
    if type(found) is not np.ndarray:  # a masked array has values that are none
        return f"a {type(found).__name__}"
    if found.dtype != np.int8:
        return f"an array of {found.dtype}"
    if found.shape != (bars,):
        return f"an array of shape {found.shape}"
    strange = ~np.isin(found, list(NAMES))
    return f"the value {found[strange][0]} at bar {strange.argmax()}" if strange.any() else ""


def _advice(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return _LESS_MEMORY
    return _UNTOUCHED if isinstance(error, ValueError) and "read-only" in _text(error) else _WITHOUT_ERRORS


def _told(error: BaseException, strategy: Strategy) -> str:
    """Return the error's class and text in one line, and the line of the strategy's file that it came from."""
    if isinstance(error, RuntimeError) and isinstance(error.__cause__, StopIteration):
        error = error.__cause__  # a generator cannot raise it, and Python puts another in its place
    kind, text = type(error).__name__, _text(error)
    cut = text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
    file = getattr(sys.modules.get(type(strategy).__module__), "__file__", None)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    place = f" (line {lines[-1]} of {Path(file).name})" if file and lines else ""
    return f"{kind}{f': {cut}' if cut else ''}{place}"


def _text(error: BaseException) -> str:
    try:
        return " ".join("".join(each if each.isprintable() else " " for each in str(error)).split())
    except Exception:
        return ""  # its own text raises an error


def _parameters(strategy: Strategy) -> str:
    return ", ".join(f"{name}={value}" for name, value in strategy.model_dump().items()) or "no parameters"


def _on(bars: Bars) -> str:
    return f"on {span(bars)},"


def span(bars: Bars) -> str:
    """Return the number of `bars` and their first and last time: `250 bars, 2012-01-03 to 2012-12-31`."""
    return f"{len(bars):,} bar{'' if len(bars) == 1 else 's'}, {time_of(bars, 0)} to {time_of(bars, len(bars) - 1)}"
