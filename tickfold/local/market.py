"""The market of a run: the bars of a frame or a file, with the series that they would be in a stack."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tickfold.engine.bars import Bars
from tickfold.engine.calendar import SessionCalendar
from tickfold.errors import RunError
from tickfold.market_data.bar_file import BarFile, read_bar_file
from tickfold.market_data.bar_frame import read_bar_frame, tickers_of
from tickfold.market_data.bar_table import BarFileError
from tickfold.market_data.reading_options import ReadingOptions
from tickfold.market_data.series import Series
from tickfold.market_data.series_description import describe_series
from tickfold.protocol.symbol import parse_symbol

UNNAMED = "BARS"
"""The symbol of bars that come without one."""


@dataclass(frozen=True, eq=False)
class Market:
    """The bars of one symbol, the series that they are, and notes on how they were read."""

    series: Series
    bars: Bars
    notes: tuple[str, ...]


def read_market(
    source: Any,
    symbol: str | None,
    timeframe: str | None,
    reading: Mapping[str, Any],
    calendar: SessionCalendar | None = None,
) -> Market:
    """Read the bars of `source`, a data frame or a path, as `data load` reads a file.

    Raises:
        RunError: `symbol` is none; or as `read_bar_file` and `read_bar_frame` do.
    """
    named = _symbol(symbol or _symbol_of(source))
    read = _read(source, timeframe, ReadingOptions(**{**reading, "symbol": symbol}))
    series = describe_series(named, read.timeframe, read.bars, _name(source), calendar)
    bars = replace(read.bars, volume=read.bars.volume + 0.0, decimals=series.decimals, calendar=series.calendar)
    return Market(series, bars, read.notes)


def _read(source: Any, timeframe: str | None, options: ReadingOptions) -> BarFile:
    if isinstance(source, str | Path):
        return read_bar_file(Path(source), timeframe, options)
    if foreign := [name for name in ("separator", "encoding") if getattr(options, name) is not None]:
        raise BarFileError(f"{foreign[0]} says how a file is written, and a frame has no {foreign[0]}: leave it out")
    return read_bar_frame(source, timeframe, options)


def _name(source: Any) -> str:
    return Path(source).name if isinstance(source, str | Path) else "a data frame"


def _symbol_of(source: Any) -> str:
    """Return the symbol that a file's name or the only ticker of a frame says."""
    if isinstance(source, str | Path):
        said = Path(source).name.partition(".")[0]
    else:
        said = tickers[0] if len(tickers := tickers_of(source)) == 1 else UNNAMED
    try:
        return parse_symbol(said)
    except ValueError:
        return UNNAMED


def _symbol(text: Any) -> str:
    if not isinstance(text, str):
        raise RunError(f"{text!r} is not a symbol: expected a text such as AAPL")
    try:
        return parse_symbol(text)
    except ValueError as error:
        raise RunError(f"{text!r} is not a symbol: {error}") from None
