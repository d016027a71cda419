"""Bars in files on this machine: one file a symbol, CSV or Parquet, of any form that `tickfold data load` reads."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from tickfold.engine.arrays import blocks
from tickfold.engine.bars import Bars
from tickfold.engine.calendar import MICROSECONDS_PER_DAY
from tickfold.engine.timeframe import timeframe_seconds
from tickfold.market_data.bar_file import BarFile, read_bar_file
from tickfold.market_data.bar_table import BarFileError
from tickfold.market_data.corporate_actions import CorporateAction
from tickfold.market_data.providers.failures import NotSupportedError, ProviderError, UnknownSymbolError
from tickfold.market_data.providers.pages import ordered
from tickfold.market_data.providers.provider import Adjustment, BarRequest, Limits, Quote
from tickfold.market_data.series import utc

_NAME = "files"
ENDINGS = (".csv", ".csv.gz", ".txt", ".parquet")
_PAGE = 10_000


class BadFileError(ProviderError):
    """A file cannot be read, or holds a bad row; the message says which."""


class Files:
    """The bars of a folder, in SYMBOL.csv or SYMBOL_TIMEFRAME.csv, or of one such file; a / in a symbol is a - there.

    `adjustment` is what their prices are adjusted for. A file that has changed is read again.
    """

    name = _NAME

    def __init__(self, path: Path | str, adjustment: Adjustment = Adjustment.RAW) -> None:
        self.limits = Limits(timeframes=None, adjustments=(adjustment,), quotes=True)
        self._path = Path(path)
        self._read = dict[tuple[Path, str | None], tuple[int, BarFile]]()

    def bars(self, request: BarRequest) -> Iterator[Bars]:
        """Yield the bars of `request`, as `Provider.bars` does.

        Raises:
            BadFileError: the file cannot be read.
        """
        self.limits.check(_NAME, request)
        if request.timeframe.endswith("mo"):
            raise NotSupportedError(_NAME, f"{request.timeframe} bars are not supported; it has those of up to weeks")
        found = self._file(request.symbol, request.timeframe)
        return ordered(_NAME, request, (found.bars[rows] for rows in blocks(len(found.bars), _PAGE)))

    def quotes(self, symbols: Sequence[str]) -> Mapping[str, Quote]:
        """Return the last close of each symbol that has a file, with the volume of its UTC day."""
        found = {}
        for symbol in symbols:
            try:
                found[symbol] = _last(symbol, self._file(symbol, None))
            except UnknownSymbolError:
                continue
        return found

    def actions(self, symbol: str, start: date, end: date) -> list[CorporateAction]:  # noqa: ARG002 - the interface's
        """Refuse: files hold bars alone."""
        raise NotSupportedError(_NAME, "splits and dividends are not supported; alpaca and alpha_vantage have them")

    def _file(self, symbol: str, timeframe: str | None) -> BarFile:
        path = self._find(symbol, timeframe)
        changed, key = path.stat().st_mtime_ns, (path, timeframe)
        if key not in self._read or self._read[key][0] != changed:
            self._read[key] = changed, _read(path, timeframe)
        return self._read[key][1]

    def _find(self, symbol: str, timeframe: str | None) -> Path:
        """Return the file of a symbol; that of the timeframe before one that does not name it."""
        files = sorted(self._path.iterdir()) if self._path.is_dir() else [self._path]
        by_name = {file.name.lower(): file for file in files if file.is_file()}
        name = symbol.replace("/", "-").lower()
        stems = [f"{name}_{timeframe}", name] if timeframe else [name]
        names = (f"{stem}{ending}" for stem in stems for ending in ENDINGS)
        if found := next((by_name[each] for each in names if each in by_name), None):
            return found
        others = [file for each, file in by_name.items() if each.startswith(f"{name}_") and each.endswith(ENDINGS)]
        if not others:
            raise UnknownSymbolError(_NAME, symbol, f"no file of {symbol} in {self._path}")
        if timeframe is None:
            return others[0]
        has = ", ".join(file.name for file in others)
        raise NotSupportedError(_NAME, f"{timeframe} bars are not supported; it has {has}")


def _read(path: Path, timeframe: str | None) -> BarFile:
    """Return the bars in a file, of which the timeframe may be known.

    Raises:
        NotSupportedError: they are of another timeframe.
        BadFileError: the file cannot be read.
    """
    try:
        return read_bar_file(path, timeframe)
    except BarFileError as error:
        try:
            has = read_bar_file(path).timeframe
        except BarFileError:
            raise BadFileError(_NAME, str(error)) from None
        raise NotSupportedError(_NAME, f"{timeframe} bars are not supported; those in {path} are of {has}") from None


def _last(symbol: str, file: BarFile) -> Quote:
    bars = file.bars
    days = bars.timestamp // MICROSECONDS_PER_DAY
    before = bars.close[days < days[-1]]
    return Quote(
        symbol=symbol,
        price=float(bars.close[-1]),
        volume=float(np.sum(bars.volume[days == days[-1]])),
        market_cap=None,
        previous_close=float(before[-1]) if len(before) else None,
        time=utc(int(bars.timestamp[-1])) + timedelta(seconds=timeframe_seconds(file.timeframe)),
    )
