"""History on demand: fetches from providers exactly what the lake lacks of a range, and stores it piece by piece.

A piece is stored together with the range that it covers, so whatever ends a fetch, the next one goes on from there.
Bars that are stored already are never fetched again and never changed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, Literal, Protocol

import numpy as np

from tickfold.engine.bars import Bars, join
from tickfold.engine.timeframe import lasts_days, timeframe_seconds
from tickfold.errors import RunError
from tickfold.market_data import quality
from tickfold.market_data.adjustment import adjusted_for_splits
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.corporate_actions import CorporateAction, CorporateActions
from tickfold.market_data.coverage import Range
from tickfold.market_data.finding import Finding
from tickfold.market_data.history_range import MOST_BARS, Wanted, final, has_session, lacking
from tickfold.market_data.inspection import find_jumps
from tickfold.market_data.overlap import shown_time
from tickfold.market_data.overtaken_load import unless_overtaken
from tickfold.market_data.providers.failover import ActionsAnswer, Answer
from tickfold.market_data.providers.failures import AllProvidersFailedError, NotSupportedError
from tickfold.market_data.providers.provider import Adjustment, BarRequest
from tickfold.market_data.series import Series, utc

LISTED: Final = (Adjustment.RAW, Adjustment.ALL, Adjustment.SPLITS)
"""What a new series is adjusted for where splits and dividends are listed, which are then stored beside raw prices: the
first that a configured provider has."""
UNLISTED: Final = (Adjustment.ALL, Adjustment.SPLITS, Adjustment.RAW)
"""The same where nobody lists them."""
_NONE = np.array([], dtype=np.float64)
_NO_BARS = Bars(np.array([], dtype=np.int64), _NONE, _NONE, _NONE, _NONE, _NONE)


class Source(Protocol):
    """Where bars, splits and dividends come from: a `Failover`, or what looks like one."""

    def bars(self, request: BarRequest) -> Iterator[Answer]: ...

    def actions(self, symbol: str, start: date, end: date) -> ActionsAnswer: ...


@dataclass
class Filled:
    """How far a fetch is. `asked` is the range of the whole bars that are final; it is empty if none is yet.

    `added` are bars that were stored, `outside` are those outside of the regular session, and `errors` is what is wrong
    with those that were left out. `remarks` say what could not be checked.
    """

    symbol: str
    timeframe: str
    asked: Range
    pieces: int
    done: int = 0
    added: int = 0
    outside: int = 0
    errors: list[Finding] = field(default_factory=list)
    providers: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    series: Series | None = None


@dataclass(frozen=True)
class History:
    """The lake, and the source of what it lacks; it is fetched in pieces of about `most_bars`."""

    lake: BarStore
    source: Source
    most_bars: int = MOST_BARS

    def fill(
        self,
        wanted: Wanted,
        now: datetime,
        progress: Callable[[Filled], object] = lambda _: None,
        goes_on: Callable[[], bool] = lambda: True,
    ) -> Filled:
        """Fetch what the lake lacks of `wanted`, and store it; call `progress` at the beginning and after each piece.

        Before each piece but the first `goes_on` says whether to fetch it.

        Raises:
            AllProvidersFailedError: no provider has some of the bars; those before them are stored.
            RunError: the series has another adjustment, or was adjusted before the last split or dividend; the list of
                its splits and dividends has changed; there are no bars at all; or as `lacking` does.
        """
        series = self.lake.catalog.get_or_none(wanted.symbol, wanted.timeframe)
        found = lacking(wanted, series, now, self.most_bars)
        filled = Filled(wanted.symbol, wanted.timeframe, final(wanted, now), len(found), series=series)
        adjustments = _adjustments(wanted, series)
        progress(filled)
        if not found and not wanted.lacks_actions(series):
            return filled
        if series and series.adjusted_on:
            self._check_actions(series, series.adjusted_on, now.date(), filled)
        listed = self._listed(wanted, series, now.date(), filled) if Adjustment.RAW in adjustments else None
        if len(adjustments) > 1:
            adjustments = list(LISTED if listed else UNLISTED)
        _Filling(self, wanted, now.date(), filled, adjustments, listed).run(found, progress, goes_on)
        if filled.series is None and filled.done == filled.pieces:
            span = f"from {wanted.start:%Y-%m-%d %H:%M}Z to {wanted.end:%Y-%m-%d %H:%M}Z"
            raise RunError(f"there are no {wanted.timeframe} bars of {wanted.symbol} {span}", "not_found")
        return filled

    def _listed(self, wanted: Wanted, series: Series | None, today: date, filled: Filled) -> CorporateActions | None:
        """Return the splits and dividends from the first of all bars on; those that are stored if nobody lists them.

        They are listed as a whole each time: so a list that has changed is noticed.
        """
        stored, first = None, wanted.start.date()
        if series:
            stored, first = series.actions, min(first, series.first.date())
        if stored:
            first = min(first, stored.first)
        if stored and stored.first <= first and stored.last >= today:
            return stored
        try:
            return CorporateActions(first, today, self.source.actions(wanted.symbol, first, today).actions)
        except AllProvidersFailedError as error:
            if error.retryable:
                raise
            if series or wanted.adjustment:
                since = f" after {stored.last}" if stored else ""
                filled.remarks.append(f"splits and dividends{since} are not known: {error}")
            return stored

    def _check_actions(self, series: Series, adjusted_on: date, today: date, filled: Filled) -> None:
        """Check that there has been no split or dividend for which new bars are adjusted and those of `series` are not.

        Raises:
            RunError: there has been one.
        """
        if series.adjustment == Adjustment.RAW.value or adjusted_on >= today:
            return
        try:
            found = self.source.actions(series.symbol, adjusted_on + timedelta(days=1), today).actions
        except AllProvidersFailedError as error:
            if error.retryable:
                raise
            filled.remarks.append(f"whether prices were adjusted anew since {adjusted_on} is not known: {error}")
            return
        if action := next((each for each in found if _matters(each, series)), None):
            name = f"{series.symbol} {series.timeframe}"
            raise RunError(
                f"{name} had a {action.kind} on {action.day}, and its bars were fetched on {adjusted_on}, adjusted for "
                f"what was before: new bars would not fit. Remove them (tickfold data remove {series.symbol} "
                f"--timeframe {series.timeframe}) and fetch all anew; runs that were made stay as they are",
                "conflict",
            )


@dataclass
class _Filling:
    """A fetch that goes on. `adjustments` are those to try; once there are bars, that which they have is left."""

    history: History
    wanted: Wanted
    today: date
    filled: Filled
    adjustments: list[Adjustment]
    listed: CorporateActions | None
    """The splits and dividends to store, if prices are raw."""
    without_series: list[Range] = field(default_factory=list)
    """Ranges without bars that are covered, once there is a series that can say so."""

    def run(self, found: list[Range], progress: Callable[[Filled], object], goes_on: Callable[[], bool]) -> None:
        if not found:
            self._store([], self.filled.asked)
        for number, piece in enumerate(found):
            if number and not goes_on():
                return
            if has_session(self.wanted.exchange, self.wanted.timeframe, piece):
                self._fetch_adjusted(piece)
            else:
                self._store([], piece)
            self.filled.done += 1
            progress(self.filled)

    def _fetch_adjusted(self, piece: Range) -> None:
        """Fetch a piece, adjusted for the first of `adjustments` that some provider has."""
        try:
            self._fetch(piece, self.adjustments[0])
        except AllProvidersFailedError as error:
            if len(self.adjustments) == 1 or error.retryable or not _is_unsupported(error):
                raise
            self.adjustments.pop(0)
            self._fetch_adjusted(piece)

    def _fetch(self, piece: Range, adjustment: Adjustment) -> None:
        """Fetch and store a piece; if providers fail in between, store what came before."""
        answers, (start, end) = list[Answer](), piece
        try:
            request = BarRequest(self.wanted.symbol, self.wanted.timeframe, start, end, adjustment)
            answers.extend(self.history.source.bars(request))
        except RunError:
            if answers:
                step = timedelta(seconds=timeframe_seconds(self.wanted.timeframe))
                self._store(answers, (start, utc(int(answers[-1].bars.timestamp[-1])) + step))
            raise
        self._store(answers, piece)

    def _store(self, answers: list[Answer], covers: Range) -> None:
        """Store sound bars of the regular session; leave out, and note, the others."""
        bars = join([each.bars for each in answers]) if answers else _NO_BARS
        if answers:
            del self.adjustments[1:]
        regular = self._regular(bars)
        sound, errors = _sound(regular, self.wanted, self._actions.found if self._actions else [])
        providers = dict.fromkeys(each.provider for each in answers)
        series, before = self._put(sound, ", ".join(providers), covers)
        if series is None:
            self.without_series.append(covers)
        while series and self.without_series:
            series, _ = self._put(_NO_BARS, "", self.without_series.pop())
        self.filled.series = series
        self.filled.added += series.bars - before if series else 0
        self.filled.outside += len(bars) - len(regular)
        self.filled.errors += errors
        self.filled.remarks += self._unlisted_splits(sound)
        self.filled.providers = list(dict.fromkeys([*self.filled.providers, *providers]))

    @property
    def _actions(self) -> CorporateActions | None:
        return self.listed if self.adjustments[0] is Adjustment.RAW else None

    def _unlisted_splits(self, bars: Bars) -> list[str]:
        """Return remarks on jumps that look like splits, and that the list of splits does not have."""
        if self._actions is None:
            return []
        jumps = [each for each in find_jumps(adjusted_for_splits(bars, self._actions.found)) if each.split]
        shown = [(shown_time(each.time, self.wanted.timeframe), each.split) for each in jumps]
        return [f"{time} looks like a split {split}, and none is listed" for time, split in shown]

    def _regular(self, bars: Bars) -> Bars:
        if self.wanted.exchange is None or lasts_days(self.wanted.timeframe):
            return bars
        return bars[self.wanted.exchange.in_session(bars.timestamp)]

    def _put(self, bars: Bars, source: str, covers: Range) -> tuple[Series | None, int]:
        """Add bars to the lake; return the series, and how many bars it had."""
        wanted, lake = self.wanted, self.history.lake
        fetched = Series(
            symbol=wanted.symbol,
            timeframe=wanted.timeframe,
            source=source,
            files=[],
            adjustment=_recorded(self.adjustments[0]),
            adjusted_on=self.today,
            actions=self._actions,
        )
        before = lake.catalog.get_or_none(wanted.symbol, wanted.timeframe)
        return unless_overtaken()(lake.fill, fetched, bars, covers), before.bars if before else 0


def _adjustments(wanted: Wanted, series: Series | None) -> list[Adjustment]:
    """Return the adjustments that bars of `series` may have, best first.

    Raises:
        RunError: the series has another than what is wanted, or it is not known which.
    """
    if series is None:
        return [wanted.adjustment] if wanted.adjustment else list(LISTED)
    name = f"{series.symbol} {series.timeframe}"
    if series.adjustment is None:
        if wanted.adjustment:
            return [wanted.adjustment]
        raise RunError(
            f"{name} has bars of {series.source} that may be adjusted or not: say which by --adjustment raw, splits or "
            "all, for new bars to be alike"
        )
    if wanted.adjustment not in (None, series.adjustment):
        raise RunError(
            f"{name} has prices with adjustment {series.adjustment}, and a series has one: leave out --adjustment "
            f"{wanted.adjustment}, or remove the series first"
        )
    return [Adjustment(series.adjustment)]


def _recorded(adjustment: Adjustment) -> Literal["raw", "splits", "all"]:
    match adjustment:
        case Adjustment.RAW:
            return "raw"
        case Adjustment.SPLITS:
            return "splits"
        case _:
            return "all"


def _is_unsupported(error: AllProvidersFailedError) -> bool:
    """Return whether another adjustment might be answered."""
    return any(isinstance(failure, NotSupportedError) for failure in error.failures)


def _matters(action: CorporateAction, series: Series) -> bool:
    return action.kind == "split" or series.adjustment == Adjustment.ALL.value


def _sound(bars: Bars, wanted: Wanted, actions: Sequence[CorporateAction]) -> tuple[Bars, list[Finding]]:
    """Return the bars without errors, and the errors of the others; the jump of one of the `actions` is none."""
    found = quality.findings(adjusted_for_splits(bars, actions), wanted.timeframe, exchange=wanted.exchange)
    errors = [each for each in found if each.kind.is_error]
    return bars[~np.isin(bars.timestamp, [each.time for each in errors if each.time is not None])], errors
