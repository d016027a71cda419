"""Reading a bar file: CSV or Parquet with a time and open, high, low, close and volume, checked row by row.

Nothing is repaired by guessing: a file with a bad row is rejected as a whole, and the error names its bad rows. The
rows of a data frame are read by the same rules (bar_frame.py).
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tickfold.engine.bars import Bars
from tickfold.engine.timeframe import lasts_days
from tickfold.market_data.adjusted_close import ADJUSTED, choose_close
from tickfold.market_data.bar_numbers import read_numbers
from tickfold.market_data.bar_rules import bar_rules, check_rows, row_findings
from tickfold.market_data.bar_table import BarFileError, BarTable, Floats, Mask, Source, read_table
from tickfold.market_data.bar_times import BarTimes, read_times
from tickfold.market_data.date_notation import Times
from tickfold.market_data.finding import Finding
from tickfold.market_data.headers import PRICES
from tickfold.market_data.reading_options import DETECT, ReadingOptions
from tickfold.market_data.session_days import at_session_dates
from tickfold.market_data.timeframe_inference import settle_timeframe


@dataclass(frozen=True)
class BarFile:
    """The bars of a file in time order, their timeframe, and notes on what was assumed or changed in reading them.

    `wall` are their times as the file writes them, in microseconds since 1970 on the clock of each row's own offset;
    None where that is UTC. Bars of a day or longer are at 00:00 UTC of the date that they say.
    """

    bars: Bars
    timeframe: str
    notes: tuple[str, ...]
    wall: Times | None = None


def read_bar_file(path: Path | str, timeframe: str | None = None, options: ReadingOptions = DETECT) -> BarFile:
    """Read the bars in `path`. Their timeframe is `timeframe`, or else the one that the times show.

    Columns may come in any case and order: timestamp (or datetime, date, date and time apart, time, or the nameless
    first column that pandas writes), open, high, low, close, volume, by these names or those of common downloads;
    others are ignored. Separator, decimal mark, order of dates and unit of counts are detected, or as `options` say;
    what is not plain is told in a note. Times are in UTC unless they or the header have an offset or zone. Bars of a
    day or longer are at 00:00 UTC of the date that the file writes. Rows out of order are sorted. Without a volume
    column, volumes are 0.

    Raises:
        BarFileError: the file cannot be read or lacks a column; or may be read in two ways; or a row is bad (not a
            number, not finite, a price not above 0, a negative volume, a high below its low, an open or close outside
            low…high, no time, a time that another row has); or the timeframe is unclear, or is not the one given.
    """
    return bars_of(Path(path), read_table(Path(path), options), timeframe, options)


def check_bar_file(
    path: Path | str, timeframe: str | None = None, options: ReadingOptions = DETECT
) -> tuple[BarFile | None, list[Finding]]:
    """Return the sound rows of `path` as `read_bar_file` reads a file, and a finding for each row that is not.

    There is no bar file if no row is sound.

    Raises:
        BarFileError: as `read_bar_file` does, but for a bad row.
    """
    source = Path(path)
    table = read_table(source, options)
    columns = _read_columns(source, table, options)
    rules = bar_rules(table, columns.times, columns.checked)
    sound = ~np.logical_or.reduce([rule.broken for rule in rules])
    found = row_findings(table, columns.times, rules)
    return (_settled(source, columns.only(sound), timeframe, options) if sound.any() else None), found


def bars_of(source: Source, table: BarTable, timeframe: str | None = None, options: ReadingOptions = DETECT) -> BarFile:
    """Return the bars in `table`, which is that of `source`.

    Raises:
        BarFileError: as `read_bar_file` does, once the table is read.
    """
    columns = _read_columns(source, table, options)
    check_rows(source, table, bar_rules(table, columns.times, columns.checked))
    if len(columns.times.utc) == 0:
        raise BarFileError(f"{source} has no bars")
    return _settled(source, columns, timeframe, options)


@dataclass(frozen=True)
class _Columns:
    """The times and the values of a table's rows; `checked` are the values that rules apply to."""

    times: BarTimes
    values: dict[str, Floats]
    checked: dict[str, Floats]
    notation: tuple[str, ...]

    def only(self, rows: Mask) -> "_Columns":
        wall = None if self.times.wall is None else self.times.wall[rows]
        times = replace(self.times, utc=self.times.utc[rows], wall=wall, faults={})
        values = {name: column[rows] for name, column in self.values.items()}
        return replace(self, times=times, values=values, checked={name: values[name] for name in self.checked})


def _read_columns(source: Source, table: BarTable, options: ReadingOptions) -> _Columns:
    times = read_times(source, table.columns["time"], options, table.zone)
    values, number_notation = read_numbers(source, table, options)
    checked = {name: column for name, column in values.items() if name != ADJUSTED or options.close != "raw"}
    return _Columns(times, values, checked, (*table.notation, *number_notation, *times.notation))


def _settled(source: Source, columns: _Columns, timeframe: str | None, options: ReadingOptions) -> BarFile:
    """Return the bars of sound rows in time order, in the timeframe that is given or that shows."""
    times = columns.times
    values, close_notes = choose_close(columns.values, options.close)
    bars, notes = _assemble(times.utc, values)
    wall = None if times.wall is None else times.wall[np.argsort(times.utc, kind="stable")]
    read_as = [f"read as: {', '.join(columns.notation)}"] if columns.notation else []
    clock = bars.timestamp if wall is None else wall
    timeframe, timeframe_notes = settle_timeframe(source, bars.timestamp, timeframe, clock)
    if not lasts_days(timeframe):
        return BarFile(bars, timeframe, (*read_as, times.note, *close_notes, *notes, *timeframe_notes), wall)
    bars, day_notes = at_session_dates(source, bars, clock, timeframe)
    time_notes = [times.note] if wall is None else []  # nothing is converted to UTC where dates are kept
    told = (*read_as, *time_notes, *close_notes, *notes, *timeframe_notes, *day_notes)
    return BarFile(bars, timeframe, told, wall)


def _assemble(times: Times, values: dict[str, Floats]) -> tuple[Bars, list[str]]:
    notes = []
    if "volume" not in values:
        values = values | {"volume": np.zeros(len(times))}
        notes.append("no volume column: volumes are 0")
    elif "tick volume" in values and not values["volume"].any():
        values = values | {"volume": values["tick volume"]}
        notes.append("volume is 0 throughout: tick volume taken")
    order = np.argsort(times, kind="stable")
    if np.any(np.diff(order) < 0):
        notes.append("rows were out of order: sorted by time")
    opens, highs, lows, closes, volumes = (values[name][order] for name in (*PRICES, "volume"))
    return Bars(times[order], opens, highs, lows, closes, volumes), notes
