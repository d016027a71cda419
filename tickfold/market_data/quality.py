"""The quality of bars: errors, which no sound bar has, and remarks, which are worth a look. Nothing is repaired."""

from collections.abc import Callable, Iterator
from math import gcd

import numpy as np

from tickfold.engine.arrays import Floats, Ints
from tickfold.engine.bars import COLUMNS, Bars
from tickfold.engine.calendar import MICROSECONDS_PER_DAY, SessionCalendar, date_of
from tickfold.engine.timeframe import lasts_days, timeframe_seconds
from tickfold.market_data.exchange_calendar import ExchangeCalendar
from tickfold.market_data.finding import Finding, Kind
from tickfold.market_data.inspection import find_gaps, find_jumps
from tickfold.market_data.overlap import shown_time
from tickfold.market_data.session_gaps import find_session_gaps
from tickfold.market_data.value_rules import Mask, Rule, number_rules, price_rules

NEIGHBOURS = 5
"""Bars before, and after, whose median close an outlier is measured by: two bad bars in a row are still found."""
_FACTOR = 10
_STALE = 5
"""Equal bars in a row from which on the source is taken to repeat itself."""
_MICROSECONDS_PER_SECOND = 1_000_000


def findings(
    bars: Bars, timeframe: str, calendar: SessionCalendar | None = None, exchange: ExchangeCalendar | None = None
) -> list[Finding]:
    """Return what is wrong or odd about the bars of a series, in time order.

    With an `exchange`, bars outside of its sessions are errors, and gaps are exactly its missing minutes or days;
    without one, gaps are what `find_gaps` finds by `calendar`, which is inferred if it is left out.

    Raises:
        RunError: the exchange's calendar does not cover all bars.
    """
    if not len(bars):
        return []
    rules = [*_rules(bars, timeframe, exchange), _outliers(bars, reverts=True)]
    broken = np.logical_or.reduce([rule.broken for rule in rules])
    sound = bars[_distinct(np.where(broken, -1, bars.timestamp))]
    found = [
        *_of_rules(rules, bars),
        *_gaps(bars, timeframe, calendar, exchange),
        *_jumps(sound),
        *_stale(bars, timeframe),
        *_without_volume(bars, timeframe),
    ]
    return sorted(found, key=lambda finding: finding.time or 0)


def reasons(
    bars: Bars, previous: Bars, timeframe: str = "1m", exchange: ExchangeCalendar | None = None
) -> dict[int, list[Finding]]:
    """Return the errors of those of `bars`, which follow `previous`, that have any, by their position.

    Of `previous`, which may be empty, the last `NEIGHBOURS` bars before the first of `bars` count. It is to hold the
    bars that were received, those with errors included: then a new level, such as after a split, is an outlier for
    three bars and no longer.

    Raises:
        RunError: the exchange's calendar does not cover all bars.
    """
    if not len(bars):
        return {}
    earlier = previous[previous.timestamp < bars.timestamp.min()][-NEIGHBOURS:]
    before = len(earlier)
    together = Bars.concatenate([earlier, bars])
    rules = [*_rules(together, timeframe, exchange), _outliers(together, reverts=False)]
    found: dict[int, list[Finding]] = {}
    for rule in rules:
        for row in np.flatnonzero(rule.broken[before:]):
            found.setdefault(int(row), []).append(_finding(rule, together, before + int(row)))
    return dict(sorted(found.items()))


# --- errors ----------------------------------------------------------------------------------------------------------


def _rules(bars: Bars, timeframe: str, exchange: ExchangeCalendar | None) -> list[Rule]:
    values = {name: getattr(bars, name) for name in COLUMNS[1:]}
    numbers = [rule for name, column in values.items() for rule in number_rules(name, column, _written(column))]
    return [
        *_time_rules(bars.timestamp, timeframe),
        *_session_rules(bars, timeframe, exchange),
        *numbers,
        *price_rules(values),
    ]


def _written(column: Floats) -> Callable[[int], str]:
    return lambda row: f"{column[row]:.10g}"


def _time_rules(timestamp: Ints, timeframe: str) -> list[Rule]:
    latest = np.maximum.accumulate(timestamp)
    earlier = np.zeros(len(timestamp), dtype=np.bool_)
    earlier[1:] = timestamp[1:] < latest[:-1]
    repeated = np.ones(len(timestamp), dtype=np.bool_)
    repeated[np.unique(timestamp, return_index=True)[1]] = False
    rules = [
        Rule(Kind.DUPLICATE, repeated, lambda _: "its time is that of another bar"),
        Rule(
            Kind.ORDER,
            earlier & ~repeated,
            lambda row: f"it comes after the bar of {shown_time(int(latest[row - 1]), timeframe)}",
        ),
    ]
    if lasts_days(timeframe):
        return rules
    grid = gcd(timeframe_seconds(timeframe), 60) * _MICROSECONDS_PER_SECOND
    return [
        *rules,
        Rule(Kind.OFF_GRID, timestamp % grid != 0, lambda row: f"it starts {_beyond(timestamp[row], grid)}"),
    ]


def _beyond(time: np.int64, grid: int) -> str:
    seconds = int(time) % grid / _MICROSECONDS_PER_SECOND
    return f"{seconds:g} s after a whole {'minute' if grid > _MICROSECONDS_PER_SECOND else 'second'}"


def _session_rules(bars: Bars, timeframe: str, exchange: ExchangeCalendar | None) -> list[Rule]:
    if exchange is None:
        return []
    if not lasts_days(timeframe):
        closed = ~exchange.in_session(bars.timestamp)
        return [Rule(Kind.CLOSED, closed, lambda _: f"{exchange.name} has no session at that time")]
    if timeframe != "1d":
        return []
    days = bars.timestamp // MICROSECONDS_PER_DAY
    open_days = exchange.days(date_of(int(days.min())), date_of(int(days.max())))
    return [Rule(Kind.CLOSED, ~np.isin(days, open_days), lambda _: f"{exchange.name} has no session on that day")]


def _outliers(bars: Bars, *, reverts: bool) -> Rule:
    """Return the rule for prices far from those before; with `reverts` from those after, too, as a split is not."""
    closes = np.where(np.isfinite(bars.close) & (bars.close > 0), bars.close, np.nan)
    medians = [_median_before(closes), *([_median_before(closes[::-1])[::-1]] if reverts else [])]
    with np.errstate(invalid="ignore"):
        high = np.isfinite(bars.high) & (bars.high >= _FACTOR * np.fmax.reduce(medians))
        low = (bars.low > 0) & (bars.low * _FACTOR <= np.fmin.reduce(medians))

    def describe(row: int) -> str:
        name, price = ("high", bars.high[row]) if high[row] else ("low", bars.low[row])
        near = np.fmax.reduce(medians)[row] if high[row] else np.fmin.reduce(medians)[row]
        return f"{name} {price:.10g} where closes nearby are about {near:.10g}"

    return Rule(Kind.OUTLIER, np.asarray(high | low), describe)


def _median_before(closes: Floats) -> Floats:
    """Return the (lower) median of the `NEIGHBOURS` closes before each, or of as many as there are; NaN without any."""
    padded = np.concatenate([np.full(NEIGHBOURS, np.nan), closes])[: len(closes) + NEIGHBOURS - 1]
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(padded, NEIGHBOURS), axis=1)  # NaN is last
    counts = np.isfinite(windows).sum(axis=1)
    return np.asarray(windows[np.arange(len(windows)), np.maximum(counts - 1, 0) // 2])


def _of_rules(rules: list[Rule], bars: Bars) -> Iterator[Finding]:
    for rule in rules:
        yield from (_finding(rule, bars, int(row)) for row in np.flatnonzero(rule.broken))


def _finding(rule: Rule, bars: Bars, row: int) -> Finding:
    return Finding(rule.kind, int(bars.timestamp[row]), rule.describe(row))


# --- remarks ---------------------------------------------------------------------------------------------------------


def _distinct(timestamp: Ints) -> Ints:
    """Return the positions of the distinct times in order, but for those that are negative: no bars."""
    _, first = np.unique(timestamp, return_index=True)
    return np.asarray(first[timestamp[first] >= 0])


def _gaps(
    bars: Bars, timeframe: str, calendar: SessionCalendar | None, exchange: ExchangeCalendar | None
) -> Iterator[Finding]:
    ordered = bars[np.unique(bars.timestamp, return_index=True)[1]]
    if len(ordered) < 2:
        return
    gaps = find_session_gaps(ordered.timestamp, timeframe, exchange) if exchange else None
    if gaps is None:
        gaps = find_gaps(ordered, timeframe, calendar or ordered.sessions)
    for gap in gaps:
        after, before = (shown_time(time, timeframe) for time in (gap.after, gap.before))
        unit = gap.unit.removesuffix("s") if gap.missing == 1 else gap.unit
        yield Finding(Kind.GAP, gap.after, f"{gap.missing:,} {unit} missing between {after} and {before}")


def _jumps(sound: Bars) -> Iterator[Finding]:
    for jump in find_jumps(sound):
        split = f", as of a split {jump.split}" if jump.split else ""
        yield Finding(Kind.JUMP, jump.time, f"open {jump.open:.10g} after close {jump.close:.10g}{split}")


def _stale(bars: Bars, timeframe: str) -> Iterator[Finding]:
    """Yield the runs of equal bars. Those without volume may stand for no trade, unless no bar has any."""
    repeats = np.zeros(len(bars), dtype=np.bool_)
    repeats[1:] = np.logical_and.reduce([np.diff(getattr(bars, name)) == 0 for name in COLUMNS[1:]])
    for start, stop in _runs(repeats & ((bars.volume > 0) | (not bars.volume.any()))):
        count = stop - start + 1  # with the bar that the first repeats
        if count >= _STALE:
            last = shown_time(int(bars.timestamp[stop - 1]), timeframe)
            yield Finding(Kind.STALE, int(bars.timestamp[start - 1]), f"{count:,} equal bars in a row, to {last}")


def _without_volume(bars: Bars, timeframe: str) -> Iterator[Finding]:
    for start, stop in _runs(bars.volume == 0):
        last = shown_time(int(bars.timestamp[stop - 1]), timeframe)
        found = f"{stop - start:,} bars with volume 0, to {last}" if stop - start > 1 else "volume 0"
        yield Finding(Kind.NO_VOLUME, int(bars.timestamp[start]), found)


def _runs(mask: Mask) -> Iterator[tuple[int, int]]:
    """Yield the start and the stop of each run of true elements."""
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False))
    yield from ((int(start), int(stop)) for start, stop in zip(edges[::2], edges[1::2], strict=True))
