"""The catalog of series in S3: one JSON file per symbol and timeframe, which a load writes last.

Imports no Parquet library, so that the function that replies to clients starts quickly.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tickfold.engine.timeframe import canonical_timeframe, timeframe_seconds
from tickfold.errors import RunError
from tickfold.market_data.series import Series
from tickfold.protocol.spelling import suggestion
from tickfold.storage import layout
from tickfold.storage.bucket import is_not_found

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MOST_NAMES_SHOWN = 20
_PARALLEL_READS = 10
"""The number of connections that a boto3 client keeps by default."""


class SeriesCatalog:
    """The series in a bucket."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def list(self) -> list[Series]:
        """Return every series, sorted by symbol and timeframe."""
        found = [series for key in self._keys(layout.SERIES) if (series := self._read_or_none(key))]
        return sorted(found, key=lambda series: (series.symbol, timeframe_seconds(series.timeframe)))

    def names(self) -> Sequence[tuple[str, str]]:
        """Return symbol and timeframe of every series, sorted as `SYMBOL/TIMEFRAME`; no series is read."""
        return sorted(self._known(layout.SERIES), key="/".join)

    def symbols(self) -> Sequence[str]:
        """Return the symbols that have a series, sorted; no series is read."""
        return sorted({symbol for symbol, _ in self._known(layout.SERIES)})

    def get(self, symbol: str, timeframe: str) -> Series:
        """Return the series of `symbol` in `timeframe`.

        Raises:
            RunError: there is none: it was removed.
        """
        if found := self.get_or_none(symbol, timeframe):
            return found
        raise RunError(f"{symbol} has no {timeframe} bars any more: they were removed")

    def get_or_none(self, symbol: str, timeframe: str) -> Series | None:
        """Return the series of `symbol` in `timeframe`; None if there is none."""
        return self._read_or_none(layout.series_key(symbol, timeframe))

    def find(self, symbol: str, timeframe: str | None = None) -> Series:
        """Return the series of `symbol` in `timeframe`; by default in its coarsest.

        Raises:
            RunError: there is no such symbol or timeframe; the message lists those there are.
        """
        known = self._timeframes(symbol)
        if not known:
            raise RunError(f"unknown symbol {symbol}{self._known_symbols(symbol)}")
        timeframe = known[-1] if timeframe is None else canonical_timeframe(timeframe) or timeframe
        if timeframe not in known:
            raise RunError(f"{symbol} has no {timeframe} bars; it has: {', '.join(known)}")
        return self.get(symbol, timeframe)

    def find_of(self, symbol: str) -> Sequence[Series]:
        """Return the series of `symbol`, from the finest timeframe to the coarsest; none if there is no such symbol."""
        return tuple(self.get(symbol, timeframe) for timeframe in self._timeframes(symbol))

    def get_all(self, symbols: Sequence[str], timeframe: str) -> Sequence[Series]:
        """Return the series of each of `symbols`, found as by `get`.

        Raises:
            RunError: for the first symbol that has no such series.
        """
        with ThreadPoolExecutor(_PARALLEL_READS) as pool:
            return tuple(pool.map(lambda symbol: self.get(symbol, timeframe), symbols))

    def find_some(self, symbols: Sequence[str], timeframe: str) -> Sequence[Series | None]:
        """Return the series of each of `symbols` in `timeframe`; None for those that have none."""
        with ThreadPoolExecutor(_PARALLEL_READS) as pool:
            return tuple(pool.map(lambda symbol: self.get_or_none(symbol, timeframe), symbols))

    def find_all(self, symbols: Sequence[str], timeframe: str | None = None) -> Sequence[Series]:
        """Return the series of each of `symbols`, found as by `find`.

        Raises:
            RunError: for the first symbol that has no such series.
        """
        with ThreadPoolExecutor(_PARALLEL_READS) as pool:
            return tuple(pool.map(lambda symbol: self.find(symbol, timeframe), symbols))

    def _timeframes(self, symbol: str) -> Sequence[str]:
        """Return the timeframes of `symbol`, from the finest to the coarsest."""
        series = self._known(f"{layout.SERIES}{symbol}/")  # with those of symbols that go on after a slash
        return sorted((timeframe for name, timeframe in series if name == symbol), key=timeframe_seconds)

    def _known_symbols(self, like: str) -> str:
        """Return the words that follow an unknown symbol: the one that it is `like`, and those there are."""
        symbols = self.symbols()
        if not symbols:
            return "; no bars are loaded: see `tickfold data load`"
        more = f" and {len(symbols) - _MOST_NAMES_SHOWN} more" if len(symbols) > _MOST_NAMES_SHOWN else ""
        return f"{suggestion(like, symbols)}; known symbols: {', '.join(symbols[:_MOST_NAMES_SHOWN])}{more}"

    def _known(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield symbol and timeframe of each series whose key begins with `prefix`."""
        return (layout.series_of(key) for key in self._keys(prefix))

    def _keys(self, prefix: str) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        return (entry["Key"] for page in pages for entry in page.get("Contents", []))

    def _read_or_none(self, key: str) -> Series | None:
        """Return the series at `key`; None if it was removed since it was listed."""
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if is_not_found(error):
                return None
            raise
        return Series.model_validate_json(found["Body"].read())
