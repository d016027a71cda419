"""Checks of a strategy on bars: whether its signals keep the contract of `Strategy`, and where they first break it.

They are exhaustive on up to `MOST_CUTS` bars: the range is cut before and after every bar.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from tickfold.engine.accounting.account import Account
from tickfold.engine.arrays import Ints
from tickfold.engine.backtest import backtest, fold, simulate
from tickfold.engine.bars import COLUMNS, Bars, join, time_of
from tickfold.engine.decisions.chunk import cut
from tickfold.engine.signals import HOLD, Signals
from tickfold.strategies.contract import NAMES, ContractError, lookback_of, signals_of
from tickfold.strategies.strategy import Strategy

MOST_CUTS = 4_000
"""On more bars, this many cuts are spread evenly."""
CHUNKS = (2, 3, 7, 31)
"""Numbers of chunks to fold, besides one bar per chunk."""

_ACCOUNT = Account(capital=1e6, fractional_shares=True)


@dataclass(frozen=True)
class Check:
    """The result of checking one rule of the contract.

    `holds` is None where these bars are not enough to tell. `finding` says what was compared, or what is wrong at which
    bar first; `advice` says what to do.
    """

    promise: str
    holds: bool | None
    finding: str
    advice: str = ""


def check(strategy: Strategy, bars: Bars, before_call: Callable[[], None] = lambda: None) -> Iterator[Check]:
    """Yield the result of each check of `strategy` on `bars`; a strategy that returns no signals ends them.

    `before_call` is called before each call of the strategy.
    """
    subject = _Subject(strategy, before_call)
    try:
        whole = subject.signals(bars)
        yield _has_signals(whole)
        for prove in (_leaves_bars, _is_deterministic, _sees_no_future, _lookback_suffices, _folds):
            yield prove(subject, bars, whole)
    except ContractError as error:
        yield Check("signals", False, error.finding, error.advice)


@dataclass(frozen=True)
class _Subject:
    """The strategy under check. Every call gets a copy of the bars, and its result is validated."""

    strategy: Strategy
    before_call: Callable[[], None]

    @property
    def lookback(self) -> int:
        return lookback_of(self.strategy)

    def signals(self, bars: Bars) -> Signals:
        """Return the signals on a copy of `bars`.

        Raises:
            ContractError: the strategy raised an error or returned something else than signals.
        """
        return self.signals_on(_copied(bars))

    def signals_on(self, bars: Bars) -> Signals:
        """Return the signals on `bars` themselves, which the strategy may change."""
        self.before_call()
        return signals_of(self.strategy, bars)


# --- the rules -------------------------------------------------------------------------------------------------------


def _has_signals(whole: Signals) -> Check:
    counts = ", ".join(f"{np.count_nonzero(whole == signal):,} {name}" for signal, name in NAMES.items())
    if (whole == HOLD).all():
        advice = "use bars or parameters that produce signals; without any, these checks prove nothing"
        return Check("signals", None, f"{counts}: no signals on these bars", advice)
    return Check("signals", True, f"int8, one per bar: {counts}")


def _leaves_bars(subject: _Subject, bars: Bars, _whole: Signals) -> Check:
    given = _copied(bars)
    subject.signals_on(given)
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
    anew = replace(subject, strategy=type(subject.strategy).model_validate(subject.strategy.model_dump()))
    for who, again in (("when called again", subject), ("from a new instance", anew)):
        signals = again.signals(bars)
        if len(differs := np.flatnonzero(signals != whole)):
            at = int(differs[0])
            finding = f"{_bar(bars, at)}: {NAMES[whole[at]]} at first, {NAMES[signals[at]]} {who}"
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
        ended = f"{NAMES[became]} where the bars end at {time_of(bars, seen - 1)}"
        return Check(
            "no look-ahead",
            False,
            f"{_bar(bars, first)}: {NAMES[whole[first]]} with all bars, {ended}",
            "a signal may use its own bar and earlier ones: look for a shift by −1, a centred window, "
            "or a mean, maximum or sort over the whole array",
        )
    return Check("no look-ahead", True, f"the same with the future cut off, in {len(stops):,} places")


def _lookback_suffices(subject: _Subject, bars: Bars, whole: Signals) -> Check:
    lookback, promise = subject.lookback, "lookback"
    starts = _cuts(len(bars) - lookback)
    if not len(starts):
        finding = f"lookback {lookback:,} with only {len(bars):,} bars"
        return Check(promise, None, finding, "use more bars, or parameters with a shorter lookback")
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
            f"{_bar(bars, first)}: {NAMES[whole[first]]} with all bars before it, {NAMES[became]} where they begin "
            f"at {time_of(bars, began)}, {first - began:,} bars earlier; its lookback is {lookback:,}"
        )
        return Check(promise, False, finding, _advice(needed, len(bars)))
    return Check(promise, True, f"the same with a past of {lookback:,} as with all of it, in {len(starts):,} places")


def _advice(needed: int, bars: int) -> str:
    if needed < bars / 2:
        return f"increase the lookback: {needed:,} suffices on these bars"
    return (
        "the signals depend on where the bars start, as a count, a running sum or an average since the first bar does: "
        "compute them over a window (tickfold.engine.indicators)"
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
                return _unlike(bars, at, f"{NAMES[whole[at]]} in one pass, {NAMES[signals[differs[0]]]}", count)
            speculations.append(simulate(own, chunk, subject))
        folded = fold(speculations, bars, _ACCOUNT).outcome.statement
        if len(differs := np.flatnonzero((one_pass.shares != folded.shares) | (one_pass.equity != folded.equity))):
            return _unlike(bars, int(differs[0]), "another position or equity than in one pass", count)
    return Check("exact fold", True, f"the same trades and equity from {_listed(counts)} chunks as in one pass")


def _unlike(bars: Bars, at: int, how: str, count: int) -> Check:
    advice = "if all other checks pass, this is a bug in Tickfold: please report it"
    return Check("exact fold", False, f"{_bar(bars, at)}: {how} when cut into {count:,} chunks", advice)


# --- comparing and reporting -----------------------------------------------------------------------------------------


def _cuts(count: int) -> Ints:
    """Return the cuts 1 … `count` − 1, or `MOST_CUTS` of them."""
    return np.unique(np.linspace(1, count - 1, min(max(count - 1, 0), MOST_CUTS)).astype(np.int64))


def _copied(bars: Bars) -> Bars:
    return join([bars], bars.decimals)


def _bar(bars: Bars, at: int) -> str:
    return f"bar {at:,} ({time_of(bars, at)})"


def _listed(counts: list[int]) -> str:
    return f"{', '.join(f'{count:,}' for count in counts[:-1])} and {counts[-1]:,}" if counts[1:] else str(counts[0])
