"""The bar store: bars in S3, one Parquet object per symbol, timeframe and year.

A load writes the years' objects first and the series' JSON last. Readers follow the versions that the JSON names, so
a load is atomic, and a run reads one snapshot. A load that fails in between leaves years whose newest object is not the
one that the series names: the series stays readable, and loading again makes both the same.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from botocore.exceptions import ClientError

from tickfold.engine.arrays import Ints
from tickfold.engine.bars import COLUMNS, Bars, join
from tickfold.engine.calendar import SessionCalendar, infer_calendar
from tickfold.errors import RunError
from tickfold.market_data.corporate_actions import CorporateAction, CorporateActions, in_shares_of
from tickfold.market_data.coverage import Range, union
from tickfold.market_data.overlap import describe_conflict, describe_misplaced, merge
from tickfold.market_data.series import Series, SeriesFile, microseconds, span_of, utc
from tickfold.market_data.series_catalog import SeriesCatalog
from tickfold.market_data.series_description import by_year, calendar_of, check_bars, describe_year, years_of
from tickfold.storage import layout, parquet, tables
from tickfold.storage.bucket import is_not_found, is_precondition_failed
from tickfold.storage.byte_cache import ByteCache

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_DTYPES: dict[str, type[np.generic]] = {"timestamp": np.int64} | dict.fromkeys(COLUMNS[1:], np.float64)
_PARALLEL_READS = 8
_FILES = ByteCache[bytes](64 * 1_000_000, len)
"""The files that were read last: some years of minutes of one symbol, and a small part of a worker's memory."""
_SETTLED_SESSIONS = 250
"""Sessions after which an inferred calendar stays: about a year."""


class SeriesChangedError(RunError):
    """Another load changed the series meanwhile, and nothing was loaded: do it again."""


class BarStore:
    """The bars in a bucket, and the catalog of their series."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self.catalog = SeriesCatalog(s3, bucket)
        self._s3 = s3
        self._bucket = bucket

    def put(
        self,
        symbol: str,
        timeframe: str,
        bars: Bars,
        source: str,
        *,
        replace: bool = False,
        calendar: SessionCalendar | None = None,
    ) -> Series:
        """Add `bars` to a series; with `replace`, make them all that it has. Idempotent.

        Bars that the series has already must have the same values: it keeps them. Bars of a day or longer are the same
        if they have one date. A `calendar` that is given stays with the series; otherwise it has the one that its bars
        show.

        Raises:
            SeriesChangedError: another load changed the series meanwhile.
            RunError: there are no bars, they are not in time order, one is at no whole millisecond, or the series has
                other values at their times (unless `replace`).
        """
        check_bars(symbol, bars)
        before, etag = self._current(symbol, timeframe)
        kept = None if replace else before
        given = calendar or (before.calendar if before and before.calendar_given else None)
        calendar = calendar_of(timeframe, given or self._inferred(kept, bars))
        span = span_of(timeframe, utc(int(bars.timestamp[0])), utc(int(bars.timestamp[-1])))
        series = Series(
            symbol=symbol,
            timeframe=timeframe,
            source=source,
            files=[],
            calendar=calendar,
            calendar_given=given is not None,
            covered=union([*(kept.coverage if kept else []), span]),
            adjustment=kept.adjustment if kept else None,
            adjusted_on=kept.adjusted_on if kept else None,
            actions=kept.actions if kept else None,
        )
        return self._stored_as(series, bars, before, etag, kept)

    def fill(self, fetched: Series, bars: Bars, covers: Range) -> Series | None:
        """Add those of `bars` that the series of `fetched` does not cover, and note `covers`, a range. Idempotent.

        Bars that are stored stay, whatever their values. `fetched` has the symbol, the timeframe, source, adjustment,
        the calendar if it is given, and the splits and dividends if they were listed; a series that there is keeps its
        own calendar and adjustment, and its actions gain those that are new. Return the series as it is then; None if
        there is none, and no bars to begin one with.

        Raises:
            SeriesChangedError: another load changed the series meanwhile.
            RunError: the bars are not in time order, one is at no whole millisecond, they lie between those of the
                series, or the actions are not those that it has.
        """
        before, etag = self._current(fetched.symbol, fetched.timeframe)
        new = bars[_outside(bars.timestamp, before.coverage)] if before else bars
        if before is None and not len(new):
            return None
        covered = union([*(before.coverage if before else []), covers])
        actions = _actions_of(before, fetched)
        if before and not len(new):
            series = before.model_copy(update={"covered": covered, "actions": actions})
            series = self._with_closes(series, before)
            self._commit(series, etag)
            return series
        check_bars(fetched.symbol, new)
        given = fetched.calendar if fetched.calendar_given else None
        if before:
            given = before.calendar if before.calendar_given else None
        series = fetched.model_copy(
            update={
                "files": [],
                "calendar": calendar_of(fetched.timeframe, given or self._inferred(before, new)),
                "calendar_given": given is not None,
                "covered": covered,
                "source": _joined(before.source if before else "", fetched.source),
                "adjustment": (before and before.adjustment) or fetched.adjustment,
                "adjusted_on": (before and before.adjusted_on) or fetched.adjusted_on,
                "actions": actions,
            }
        )
        return self._stored_as(series, new, before, etag, before)

    def _stored_as(
        self, series: Series, bars: Bars, before: Series | None, etag: str | None, kept: Series | None
    ) -> Series:
        """Store `bars` and those of `kept` as `series`, in place of `before`; return it with its files."""
        files = {file.year: file for file in kept.files} if kept else {}
        parts = dict(by_year(self._merged(kept, bars) if kept else bars))
        files |= {year: self._put_year(series, year, part, _file_of(before, year)) for year, part in parts.items()}
        if kept and kept.calendar != series.calendar:
            files |= {file.year: self._dated(series, file) for file in kept.files if file.year not in parts}
        series = series.model_copy(update={"files": [files[year] for year in sorted(files)]})
        series = self._with_closes(series, kept)
        self._commit(series, etag)
        if before:
            self._delete_years(before, {file.year for file in before.files} - files.keys())
        return series

    def _with_closes(self, series: Series, before: Series | None) -> Series:
        """Return `series` with the close before each dividend.

        Where its actions are those of `before`, only years that have changed are read.
        """
        if series.actions is None:
            return series
        found = series.actions.found
        same = before is not None and before.actions is not None and before.actions.found == found
        kept = before.files if before and same else []

        def close_before(action: CorporateAction) -> float | None:
            if action.kind == "split" or not (last := series.last_before(action.day)):
                return None
            file, at = last
            if file in kept:
                return action.close_before
            close = float(self._read_year(series, file, at, at + 1).close[0])
            since = max(day for day in file.dates if day < action.day)
            return in_shares_of(action.day, close, since, found)

        found = [replace(each, close_before=close_before(each)) for each in found]
        return series.model_copy(update={"actions": replace(series.actions, found=found)})

    def remove(self, symbol: str, timeframe: str) -> bool:
        """Remove a series; return whether there was one. Idempotent.

        Runs that were planned on it read on: they name versions of its objects, which the bucket keeps.
        """
        before, _ = self._current(symbol, timeframe)
        self._s3.delete_object(Bucket=self._bucket, Key=layout.series_key(symbol, timeframe))
        if before:
            self._delete_years(before, {file.year for file in before.files})
        return before is not None

    def read(self, series: Series, start: int, stop: int) -> Bars:
        """Return the bars of `series` at positions `start` to `stop` (exclusive).

        Raises:
            RunError: the bars have been deleted.
        """
        parts: list[tuple[SeriesFile, int, int]] = []
        offset = 0
        for file in series.files:
            first, last = max(start - offset, 0), min(stop - offset, file.bars)
            if first < last:
                parts.append((file, first, last))
            offset += file.bars
        return join(self._read_years(series, parts), series.decimals, series.calendar)

    def _read_years(self, series: Series, parts: list[tuple[SeriesFile, int, int]]) -> list[Bars]:
        """Read several years at once; the one that most chunks lie in without the cost of a thread."""
        if len(parts) == 1:
            return [self._read_year(series, *parts[0])]
        with ThreadPoolExecutor(_PARALLEL_READS) as pool:
            return list(pool.map(lambda part: self._read_year(series, *part), parts))

    def _read_year(self, series: Series, file: SeriesFile, start: int, stop: int) -> Bars:
        key = layout.bars_key(series.symbol, series.timeframe, file.year)
        try:
            data = _version(self._s3, self._bucket, key, file.version_id)
        except ClientError as error:
            if not is_not_found(error):
                raise
            raise RunError(f"the {file.year} bars of {series.symbol} were deleted; load them again") from error
        return decode(data, start, stop)

    def _inferred(self, kept: Series | None, bars: Bars) -> SessionCalendar:
        """Return the calendar that the bars show, those of a short series together with `bars`."""
        if kept is None:
            return infer_calendar(bars.timestamp)
        if kept.calendar and len(kept.dates) >= _SETTLED_SESSIONS:
            return kept.calendar
        old = self._stored(kept, kept.files)
        return infer_calendar(np.union1d(bars.timestamp, old.timestamp) if old else bars.timestamp)

    def _merged(self, series: Series, bars: Bars) -> Bars:
        """Return `bars` together with those that `series` has in the same years.

        Raises:
            RunError: they have other values at times of `bars`, or lie between them.
        """
        years = set(years_of(bars.timestamp).tolist())
        old = self._stored(series, [file for file in series.files if file.year in years])
        if old is None:
            return bars
        name = f"{series.symbol} {series.timeframe}"
        again = "to take the new ones in place of all that is loaded, load with --replace"
        differing, first = describe_conflict(old, bars, series.timeframe)
        if differing:
            raise RunError(f"{name} has other values for {differing:,} of these bars, first {first}; {again}")
        if misplaced := describe_misplaced(old, bars, series.timeframe):
            raise RunError(f"these bars lie between those of {name}, as {misplaced} do; {again}")
        return merge(old, bars, series.timeframe)

    def _stored(self, series: Series, files: list[SeriesFile]) -> Bars | None:
        """Return the bars of `files`, without those that were deleted; None if there are none."""
        keys = [layout.bars_key(series.symbol, series.timeframe, file.year) for file in files]
        versions = (
            _version_or_none(self._s3, self._bucket, key, file.version_id)
            for key, file in zip(keys, files, strict=True)
        )
        found = [decode(data) for data in versions if data]
        return join(found) if found else None

    def _delete_years(self, series: Series, years: set[int]) -> None:
        """Delete the objects of `years`, for SQL not to find them; their versions stay for runs that read them."""
        for year in years:
            self._s3.delete_object(Bucket=self._bucket, Key=layout.bars_key(series.symbol, series.timeframe, year))

    def _put_year(self, series: Series, year: int, bars: Bars, before: SeriesFile | None) -> SeriesFile:
        """Store the bars of a year; where the newest object is the version `before` and has the same ones, return that.

        An older version is stored anew, for SQL, which reads the newest.
        """
        key, body = layout.bars_key(series.symbol, series.timeframe, year), encode(bars)
        if before and self._newest_version(key) == before.version_id and self._is_stored(key, before, body):
            return describe_year(series.calendar, year, before.version_id, bars)
        stored = self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)
        return describe_year(series.calendar, year, stored["VersionId"], bars)

    def _is_stored(self, key: str, file: SeriesFile, body: bytes) -> bool:
        return _version_or_none(self._s3, self._bucket, key, file.version_id) == body

    def _newest_version(self, key: str) -> str | None:
        """Return the version id of the object that `key` has now; None if it has none."""
        try:
            return self._s3.head_object(Bucket=self._bucket, Key=key)["VersionId"]
        except ClientError as error:
            if is_not_found(error):
                return None
            raise

    def _dated(self, series: Series, file: SeriesFile) -> SeriesFile:
        """Return `file` with its days by the calendar of `series`."""
        bars = self._read_year(series, file, 0, file.bars)
        return describe_year(series.calendar, file.year, file.version_id, bars)

    def _current(self, symbol: str, timeframe: str) -> tuple[Series | None, str | None]:
        key = layout.series_key(symbol, timeframe)
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if is_not_found(error):
                return None, None
            raise
        return Series.model_validate_json(found["Body"].read()), found["ETag"]

    def _commit(self, series: Series, etag: str | None) -> None:
        key = layout.series_key(series.symbol, series.timeframe)
        body = series.model_dump_json().encode()
        try:
            if etag is None:
                self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, IfNoneMatch="*")
            else:
                self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, IfMatch=etag)
        except ClientError as error:
            if not is_precondition_failed(error):
                raise
            raise SeriesChangedError(
                f"another load of {series.symbol} {series.timeframe} finished meanwhile; load again"
            ) from error


def _version(s3: "S3Client", bucket: str, key: str, version_id: str) -> bytes:
    """Return one version of an object. Versions are immutable, so a warm worker reads each once for many chunks."""

    def load() -> bytes:
        return s3.get_object(Bucket=bucket, Key=key, VersionId=version_id)["Body"].read()

    return _FILES.get((s3, bucket, key, version_id), load)


def _version_or_none(s3: "S3Client", bucket: str, key: str, version_id: str) -> bytes | None:
    try:
        return _version(s3, bucket, key, version_id)
    except ClientError as error:
        if is_not_found(error):
            return None  # its bars were deleted by hand: they are stored again
        raise


def encode(bars: Bars) -> bytes:
    """Return `bars` as a Parquet file of `tables.BARS`."""
    arrays = {name: getattr(bars, name) for name in COLUMNS} | {"year": years_of(bars.timestamp).astype(np.int32)}
    columns = [parquet.array(arrays[field.name], field.type) for field in tables.BARS]
    return parquet.encode(pa.Table.from_arrays(columns, schema=tables.BARS))


def decode(data: bytes, start: int = 0, stop: int | None = None) -> Bars:
    """Return the bars at positions `start` to `stop` (exclusive) of a Parquet file of `tables.BARS`."""
    columns = parquet.decode(data, _DTYPES, start, stop)
    return Bars(**columns, decimals=None, calendar=None)


def _file_of(series: Series | None, year: int) -> SeriesFile | None:
    return next((file for file in series.files if file.year == year), None) if series else None


def _actions_of(before: Series | None, fetched: Series) -> CorporateActions | None:
    """Return the splits and dividends of a series, together with those that a fetch has listed.

    Raises:
        RunError: they differ.
    """
    stored, listed = before.actions if before else None, fetched.actions
    if stored is None or listed is None:
        return stored or listed
    return stored.joined(listed, f"{fetched.symbol} {fetched.timeframe}")


def _outside(timestamp: Ints, covered: list[Range]) -> npt.NDArray[np.bool_]:
    """Return which of the times lie in none of the disjoint ranges, which are in order."""
    edges = np.array([microseconds(time) for each in covered for time in each], dtype=np.int64)
    return np.asarray(np.searchsorted(edges, timestamp, side="right") % 2 == 0)


def _joined(before: str, added: str) -> str:
    """Return the names of sources, each once, in order."""
    return ", ".join(dict.fromkeys(name for name in [*before.split(", "), *added.split(", ")] if name))
