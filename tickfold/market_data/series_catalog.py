"""The catalog of series in S3: one JSON file per symbol and timeframe, which a load writes last.

Imports no Parquet library, so that the function that replies to clients starts quickly.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tickfold.engine.timeframe import canonical_timeframe, timeframe_seconds
from tickfold.errors import RunError
from tickfold.market_data.series import Series
from tickfold.storage import layout

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
        found = [self._read(key) for key in self._keys(layout.SERIES)]
        return sorted(found, key=lambda series: (series.symbol, timeframe_seconds(series.timeframe)))

    def get(self, symbol: str, timeframe: str) -> Series:
        """Return the series of `symbol` in `timeframe`, which must exist."""
        return self._read(layout.series_key(symbol, timeframe))

    def find(self, symbol: str, timeframe: str | None = None) -> Series:
        """Return the series of `symbol` in `timeframe`; by default in its coarsest.

        Raises:
            RunError: there is no such symbol or timeframe; the message lists those there are.
        """
        keys = {of[1]: layout.series_key(*of) for of in self._known(f"{layout.SERIES}{symbol}/") if of[0] == symbol}
        if not keys:
            raise RunError(f"unknown symbol {symbol}; {self._known_symbols()}")
        if timeframe is None:
            timeframe = max(keys, key=timeframe_seconds)
        timeframe = canonical_timeframe(timeframe) or timeframe
        if timeframe not in keys:
            known = ", ".join(sorted(keys, key=timeframe_seconds))
            raise RunError(f"{symbol} has no {timeframe} bars; it has: {known}")
        return self._read(keys[timeframe])

    def find_of(self, symbol: str) -> Sequence[Series]:
        """Return the series of `symbol`, from the finest timeframe to the coarsest; none if there is no such symbol."""
        timeframes = [of[1] for of in self._known(f"{layout.SERIES}{symbol}/") if of[0] == symbol]
        return tuple(self.get(symbol, timeframe) for timeframe in sorted(timeframes, key=timeframe_seconds))

    def get_all(self, symbols: Sequence[str], timeframe: str) -> Sequence[Series]:
        """Return the series of each of `symbols`, which must exist."""
        with ThreadPoolExecutor(_PARALLEL_READS) as pool:
            return tuple(pool.map(lambda symbol: self.get(symbol, timeframe), symbols))

    def find_all(self, symbols: Sequence[str], timeframe: str | None = None) -> Sequence[Series]:
        """Return the series of each of `symbols`, found as by `find`.

        Raises:
            RunError: for the first symbol that has no such series.
        """
        with ThreadPoolExecutor(_PARALLEL_READS) as pool:
            return tuple(pool.map(lambda symbol: self.find(symbol, timeframe), symbols))

    def _known_symbols(self) -> str:
        symbols = sorted({symbol for symbol, _ in self._known(layout.SERIES)})
        if not symbols:
            return "no bars are loaded: see `tickfold data load`"
        more = f" and {len(symbols) - _MOST_NAMES_SHOWN} more" if len(symbols) > _MOST_NAMES_SHOWN else ""
        return f"known symbols: {', '.join(symbols[:_MOST_NAMES_SHOWN])}{more}"

    def _known(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield symbol and timeframe of each series whose key begins with `prefix`."""
        return (layout.series_of(key) for key in self._keys(prefix))

    def _keys(self, prefix: str) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        return (entry["Key"] for page in pages for entry in page.get("Contents", []))

    def _read(self, key: str) -> Series:
        return Series.model_validate_json(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())
