"""Reading a bar file: CSV or Parquet with a time and open, high, low, close and volume, checked row by row.

Nothing is repaired by guessing: a file with a bad row is rejected as a whole, and the error names its bad rows.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tickfold.engine.bars import Bars
from tickfold.engine.timeframe import lasts_days
from tickfold.market_data.bar_rules import bar_rules, check_rows
from tickfold.market_data.bar_table import PRICES, BarFileError, Floats, numbers, read_table
from tickfold.market_data.bar_times import Times, read_times
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


def read_bar_file(path: Path | str, timeframe: str | None = None) -> BarFile:
    """Read the bars in `path`. Their timeframe is `timeframe`, or else the one that the times show.

    Columns may come in any case and order: timestamp (or datetime, date, date and time apart, time, or the nameless
    first column that pandas writes), open, high, low, close, volume; others are ignored. A time is ISO 8601, in UTC
    unless it has an offset; or a day such as 20200131; or a count of seconds, milliseconds, microseconds or
    nanoseconds since 1970 UTC. Bars of a day or longer are at 00:00 UTC of the date that the file writes.
    Rows out of order are sorted. Without a volume column, volumes are 0.

    Raises:
        BarFileError: the file cannot be read or lacks a column; or a row is bad (not a number, not finite, a price
            not above 0, a negative volume, a high below its low, an open or close outside low…high, no time, a time
            that another row has); or the timeframe is unclear, or is not the one given.
    """
    path = Path(path)
    table = read_table(path)
    times = read_times(path, table.columns["time"])
    values = {name: numbers(path, name, column) for name, column in table.columns.items() if name != "time"}
    check_rows(path, table, bar_rules(table, times.utc, values))
    if len(times.utc) == 0:
        raise BarFileError(f"{path} has no bars")
    bars, notes = _assemble(times.utc, values)
    wall = None if times.wall is None else times.wall[np.argsort(times.utc, kind="stable")]
    clock = bars.timestamp if wall is None else wall
    timeframe, timeframe_notes = settle_timeframe(path, bars.timestamp, timeframe, clock)
    if not lasts_days(timeframe):
        return BarFile(bars, timeframe, (times.note, *notes, *timeframe_notes), wall)
    bars, day_notes = at_session_dates(path, bars, clock, timeframe)
    time_notes = [times.note] if wall is None else []  # nothing is converted to UTC where dates are kept
    return BarFile(bars, timeframe, (*time_notes, *notes, *timeframe_notes, *day_notes), wall)


def _assemble(times: Times, values: dict[str, Floats]) -> tuple[Bars, list[str]]:
    notes = []
    if "volume" not in values:
        values = values | {"volume": np.zeros(len(times))}
        notes.append("no volume column: volumes are 0")
    order = np.argsort(times, kind="stable")
    if np.any(np.diff(order) < 0):
        notes.append("rows were out of order: sorted by time")
    opens, highs, lows, closes, volumes = (values[name][order] for name in (*PRICES, "volume"))
    return Bars(times[order], opens, highs, lows, closes, volumes), notes
