"""Which bars there are. A series is the bars of one symbol in one timeframe; its JSON file is what a load commits.

This module needs no Parquet library, so that the function that answers a client stays quick to start.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from tickfold.errors import RunError
from tickfold.market_data.timeframe import timeframe_seconds
from tickfold.storage import layout

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MOST_NAMES_SHOWN = 20
_PARALLEL_READS = 10
"""As many as a client keeps connections unless it is told otherwise."""


class SeriesFile(BaseModel):
    """One year of a series: the object's version, its bars, and how many of them fall on each day."""

    model_config = ConfigDict(frozen=True)

    year: int
    version_id: str
    first: datetime
    last: datetime
    decimals: int | None
    days: list[tuple[int, int]]
    """(day of the year from 1, bars) for each UTC day that has bars."""

    @property
    def bars(self) -> int:
        return sum(count for _, count in self.days)

    def bars_before(self, day: date) -> int:
        """Return how many of the file's bars are before the UTC day `day`."""
        if day.year != self.year:
            return 0 if day.year < self.year else self.bars
        number = day.timetuple().tm_yday
        return sum(count for at, count in self.days if at < number)


class Series(BaseModel):
    """The bars of `symbol` in `timeframe`, one file a year, in order."""

    model_config = ConfigDict(frozen=True)

    symbol: str
    timeframe: str
    source: str
    files: list[SeriesFile]

    @property
    def bars(self) -> int:
        return sum(file.bars for file in self.files)

    @property
    def first(self) -> datetime:
        return self.files[0].first

    @property
    def last(self) -> datetime:
        return self.files[-1].last

    @property
    def decimals(self) -> int | None:
        """Decimals that write every price of the series, where they are known for all of it."""
        known = [file.decimals for file in self.files]
        return None if None in known else max(d for d in known if d is not None)

    def span(self, start: date, end: date) -> tuple[int, int]:
        """Return the positions in the series of the first bar on or after `start` and the first after `end`.

        Raises:
            RunError: no bar lies between; the message says which range there is.
        """
        after = end + timedelta(days=1) if end < date.max else end
        first = sum(file.bars_before(start) for file in self.files)
        stop = sum(file.bars_before(after) for file in self.files)
        if first == stop:
            raise RunError(
                f"{self.symbol} has no {self.timeframe} bars from {start} to {end}; it has {self.bars:,} "
                f"from {self.first:%Y-%m-%d} to {self.last:%Y-%m-%d}"
            )
        return first, stop


class SeriesCatalog:
    """The series in a bucket."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def list(self) -> list[Series]:
        """Return every series, by symbol and length of bar."""
        found = [self._read(key) for key in self._keys(layout.SERIES)]
        return sorted(found, key=lambda series: (series.symbol, timeframe_seconds(series.timeframe)))

    def get(self, symbol: str, timeframe: str) -> Series:
        """Return the series of `symbol` in `timeframe`, which is known to exist."""
        return self._read(layout.series_key(symbol, timeframe))

    def find(self, symbol: str, timeframe: str | None = None) -> Series:
        """Return the series of `symbol` in `timeframe`, or in its coarsest one.

        Raises:
            RunError: there is no such symbol or timeframe; the message says what there is.
        """
        keys = {_timeframe(key): key for key in self._keys(f"{layout.SERIES}{symbol}/")}
        if not keys:
            raise RunError(f"unknown symbol {symbol}; {self._known_symbols()}")
        if timeframe is None:
            timeframe = max(keys, key=timeframe_seconds)
        if timeframe not in keys:
            known = ", ".join(sorted(keys, key=timeframe_seconds))
            raise RunError(f"{symbol} has no {timeframe} bars; it has: {known}")
        return self._read(keys[timeframe])

    def get_all(self, symbols: Sequence[str], timeframe: str) -> Sequence[Series]:
        """Return the series of each of `symbols`, which are known to exist."""
        with ThreadPoolExecutor(_PARALLEL_READS) as pool:
            return tuple(pool.map(lambda symbol: self.get(symbol, timeframe), symbols))

    def find_all(self, symbols: Sequence[str], timeframe: str | None = None) -> Sequence[Series]:
        """Return the series of each of `symbols`, as `find` does.

        Raises:
            RunError: for the first of the symbols of which there is none in the timeframe.
        """
        with ThreadPoolExecutor(_PARALLEL_READS) as pool:
            return tuple(pool.map(lambda symbol: self.find(symbol, timeframe), symbols))

    def _known_symbols(self) -> str:
        symbols = sorted({key.removeprefix(layout.SERIES).split("/")[0] for key in self._keys(layout.SERIES)})
        if not symbols:
            return "no bars are loaded: see `tickfold data load`"
        more = f" and {len(symbols) - _MOST_NAMES_SHOWN} more" if len(symbols) > _MOST_NAMES_SHOWN else ""
        return f"known symbols: {', '.join(symbols[:_MOST_NAMES_SHOWN])}{more}"

    def _keys(self, prefix: str) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        return (entry["Key"] for page in pages for entry in page.get("Contents", []))

    def _read(self, key: str) -> Series:
        return Series.model_validate_json(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())


def _timeframe(key: str) -> str:
    return key.rsplit("/", 1)[1].removesuffix(".json")


def utc(microseconds: int) -> datetime:
    """Return the UTC time of `microseconds` since 1970."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
