"""Checks of a strategy on bars: whether its signals keep what a strategy promises, and if not, where they first fail.

They are exhaustive on up to `MOST_CUTS` bars: the bars are cut off after each, and before each.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from tickfold.engine.accounting.account import Account
from tickfold.engine.arrays import Ints
from tickfold.engine.backtest import AT_THE_NEXT_OPEN, backtest, conclude, simulate
from tickfold.engine.bars import COLUMNS, Bars, join
from tickfold.engine.decisions.chunk import cut
from tickfold.engine.decisions.fold import fold
from tickfold.engine.signals import FLAT, HOLD, LONG, SHORT, Signals
from tickfold.strategies.strategy import Strategy

MOST_CUTS = 4_000
"""Where there are more bars, this many cuts are spread evenly over them."""
CHUNKS = (2, 3, 7, 31)
"""Chunks that the bars are folded from, besides one bar a chunk."""

_NAMES = {HOLD: "HOLD", LONG: "LONG", SHORT: "SHORT", FLAT: "FLAT"}
_ACCOUNT = Account(capital=1e6, fractional_shares=True)


@dataclass(frozen=True)
class Check:
    """One promise, and what became of it.

    `holds` is None where these bars cannot tell; `finding` says what was compared, or what is wrong and at which bar
    first; `advice` what to do.
    """

    promise: str
    holds: bool | None
    finding: str
    advice: str = ""


def check(strategy: Strategy, bars: Bars) -> Iterator[Check]:
    """Check `strategy` on `bars` and yield each promise in turn; the first that leaves no signals ends it."""
    subject = _Subject(strategy)
    try:
        whole = subject.signals(bars)
        yield _asks(whole)
        for prove in (_leaves_bars, _is_deterministic, _sees_no_future, _lookback_suffices, _folds):
            yield prove(subject, bars, whole)
    except _NoSignalsError as error:
        yield Check("signals", False, str(error), error.advice)


class _NoSignalsError(Exception):
    """The strategy did not return signals."""

    def __init__(self, text: str, advice: str) -> None:
        super().__init__(text)
        self.advice = advice


@dataclass(frozen=True)
class _Subject:
    """The strategy under check, as the engine sees it. Every call gets bars of its own, and its answer is looked at."""

    strategy: Strategy

    @property
    def lookback(self) -> int:
        lookback: Any = self.strategy.lookback
        if isinstance(lookback, bool) or not isinstance(lookback, int) or lookback < 0:
            raise _NoSignalsError(f"its lookback is {lookback!r}", "expected a whole number of bars, 0 or more")
        return lookback

    def signals(self, bars: Bars) -> Signals:
        """Return the signals on `bars`.

        Raises:
            _NoSignalsError: the strategy raised an error, or what it returned is no array of signals.
        """
        on = f"on {len(bars):,} bar{'s' if len(bars) > 1 else ''}, {_time(bars, 0)} to {_time(bars, len(bars) - 1)},"
        try:
            found: Any = self.strategy.signals(_copied(bars))
        except Exception as error:
            raise _NoSignalsError(
                f"{on} it raised {type(error).__name__}: {error}",
                "it must return signals for any number of bars, also for one, or fewer than its lookback",
            ) from error
        if fault := _fault(found, len(bars)):
            raise _NoSignalsError(f"{on} it returned {fault}", _EXPECTED)
        signals: Signals = found
        return signals


_EXPECTED = "expected a numpy array of int8 with HOLD, LONG, SHORT or FLAT for each bar"


def _fault(found: Any, bars: int) -> str:
    if not isinstance(found, np.ndarray):
        return f"a {type(found).__name__}"
    if found.dtype != np.int8:
        return f"an array of {found.dtype}"
    if found.shape != (bars,):
        return f"an array of shape {found.shape}"
    strange = ~np.isin(found, list(_NAMES))
    return f"the value {found[strange][0]} at bar {strange.argmax()}" if strange.any() else ""


# --- the promises ----------------------------------------------------------------------------------------------------


def _asks(whole: Signals) -> Check:
    counts = ", ".join(f"{np.count_nonzero(whole == signal):,} {name}" for signal, name in _NAMES.items())
    if (whole == HOLD).all():
        advice = "give bars or parameters on which it asks for something: until then nothing here is proved"
        return Check("signals", None, f"{counts}: it asks for nothing on these bars", advice)
    return Check("signals", True, f"int8, one a bar: {counts}")


def _leaves_bars(subject: _Subject, bars: Bars, _whole: Signals) -> Check:
    given = _copied(bars)
    subject.strategy.signals(given)
    for name in COLUMNS:
        before, after = getattr(bars, name), getattr(given, name)
        changed = np.flatnonzero(before != after)
        if len(changed):
            at = int(changed[0])
            finding = f"{name} of {_bar(bars, at)} was {before[at]} and is {after[at]} after the call"
            return Check("bars untouched", False, finding, "work on a copy: values = bars.close.copy()")
    return Check("bars untouched", True, "every column is what it was before the call")


def _is_deterministic(subject: _Subject, bars: Bars, whole: Signals) -> Check:
    subject.signals(bars[: len(bars) // 2 + 1])
    anew = _Subject(type(subject.strategy).model_validate(subject.strategy.model_dump()))
    for who, again in (("when called again", subject), ("from a new instance", anew)):
        signals = again.signals(bars)
        if len(differs := np.flatnonzero(signals != whole)):
            at = int(differs[0])
            finding = f"{_bar(bars, at)}: {_NAMES[whole[at]]} at first, {_NAMES[signals[at]]} {who}"
            return Check(
                "deterministic", False, finding, "use no random numbers, no clock, and keep no state between calls"
            )
    return Check("deterministic", True, "the same when called again, and from a new instance")


def _sees_no_future(subject: _Subject, bars: Bars, whole: Signals) -> Check:
    first, became, seen = len(bars), HOLD, 0
    stops = _cuts(len(bars))
    for stop in stops.tolist():
        part = subject.signals(bars[:stop])
        differs = np.flatnonzero(part != whole[:stop])
        if len(differs) and differs[0] < first:
            first, became, seen = int(differs[0]), part[differs[0]], stop
    if first < len(bars):
        ended = f"{_NAMES[became]} where the bars end at {_time(bars, seen - 1)}"
        return Check(
            "no look-ahead",
            False,
            f"{_bar(bars, first)}: {_NAMES[whole[first]]} with all bars, {ended}",
            "a signal may use its own bar and earlier ones: look for a shift by −1, a centred window, "
            "or a mean, maximum or sort over the whole array",
        )
    return Check("no look-ahead", True, f"the same with the future cut off, in {len(stops):,} places")


def _lookback_suffices(subject: _Subject, bars: Bars, whole: Signals) -> Check:
    lookback, promise = subject.lookback, "lookback"
    starts = _cuts(len(bars) - lookback)
    if not len(starts):
        finding = f"it looks back {lookback:,}, and there are only {len(bars):,} bars"
        return Check(promise, None, finding, "give more bars, or parameters with a shorter lookback")
    first, became, began, needed = len(bars), HOLD, 0, lookback
    for start in starts.tolist():
        part = subject.signals(bars[start:])
        differs = np.flatnonzero(part[lookback:] != whole[start + lookback :]) + lookback
        if len(differs):
            needed = max(needed, int(differs[-1]) + 1)
            if start + differs[0] < first:
                first, became, began = int(start + differs[0]), part[differs[0]], start
    if first < len(bars):
        finding = (
            f"{_bar(bars, first)}: {_NAMES[whole[first]]} with all bars before it, {_NAMES[became]} where they begin "
            f"at {_time(bars, began)}, {first - began:,} bars earlier; its lookback is {lookback:,}"
        )
        return Check(promise, False, finding, _advice(needed, len(bars)))
    return Check(promise, True, f"the same with a past of {lookback:,} as with all of it, in {len(starts):,} places")


def _advice(needed: int, bars: int) -> str:
    if needed < bars / 2:
        return f"give a larger lookback: {needed:,} would do on these bars"
    return (
        "what it computes never forgets where the bars began, as a count, a running sum or an average since the first "
        "bar does not: compute it over a window (tickfold.engine.indicators)"
    )


def _folds(subject: _Subject, bars: Bars, whole: Signals) -> Check:
    one_pass = backtest(bars, subject, _ACCOUNT).statement
    counts = sorted({count for count in (*CHUNKS, min(len(bars), MOST_CUTS)) if count <= len(bars)})
    for count in counts:
        speculations = []
        for chunk in cut(len(bars), subject.lookback, workers=1, chunks=count):
            warm_up = chunk.warm_up(subject.lookback)
            own = bars[chunk.start - warm_up : chunk.stop]
            signals = subject.signals(own)[warm_up:]
            if len(differs := np.flatnonzero(signals != whole[chunk.start : chunk.stop])):
                at = chunk.start + int(differs[0])
                return _unlike(bars, at, f"{_NAMES[whole[at]]} in one pass, {_NAMES[signals[differs[0]]]}", count)
            speculations.append(simulate(own, chunk, subject))
        folded = conclude(fold(speculations, bars, AT_THE_NEXT_OPEN).decisions, bars, subject, _ACCOUNT).statement
        if len(differs := np.flatnonzero((one_pass.shares != folded.shares) | (one_pass.equity != folded.equity))):
            return _unlike(bars, int(differs[0]), "another position or equity than in one pass", count)
    return Check("exact fold", True, f"the same trades and equity from {_listed(counts)} chunks as in one pass")


def _unlike(bars: Bars, at: int, how: str, count: int) -> Check:
    advice = "if every promise above holds, this is a fault of Tickfold: please report it"
    return Check("exact fold", False, f"{_bar(bars, at)}: {how} when cut into {count:,} chunks", advice)


# --- comparing, and saying where -------------------------------------------------------------------------------------


def _cuts(count: int) -> Ints:
    """Return the places 1 … `count` − 1, or `MOST_CUTS` of them."""
    return np.unique(np.linspace(1, count - 1, min(max(count - 1, 0), MOST_CUTS)).astype(np.int64))


def _copied(bars: Bars) -> Bars:
    return join([bars], bars.decimals)


def _bar(bars: Bars, at: int) -> str:
    return f"bar {at:,} ({_time(bars, at)})"


def _time(bars: Bars, at: int) -> str:
    time = datetime.fromtimestamp(int(bars.timestamp[at]) / 1e6, UTC)
    return f"{time:%Y-%m-%d}" if (time.hour, time.minute) == (0, 0) else f"{time:%Y-%m-%dT%H:%MZ}"


def _listed(counts: list[int]) -> str:
    return f"{', '.join(f'{count:,}' for count in counts[:-1])} and {counts[-1]:,}" if counts[1:] else str(counts[0])
