"""`tickfold data list`: the series of a stack."""

from datetime import datetime
from typing import TYPE_CHECKING

from tickfold.cli.console import note
from tickfold.cli.rows import AsCsv, AsJson, Value, check_formats, write_rows
from tickfold.cli.target import StackOutputs, find_target

if TYPE_CHECKING:
    from tickfold.market_data.series import Series

COLUMNS = ("symbol", "timeframe", "bars", "first", "last", "sessions", "periods_per_year", "adjustment", "source")


def list_series(as_csv: AsCsv = False, as_json: AsJson = False, stack_outputs: StackOutputs = None) -> None:
    """List the series that are loaded: symbol, timeframe, number of bars, first and last bar (UTC), session calendar.

    Of the sessions it shows on how many days a week there are some, and when they begin, if not at midnight UTC;
    periods_per_year is the number of returns by which annual figures are scaled; adjustment is what stored prices are
    adjusted for: raw (nothing), splits, all (splits and dividends), or as_loaded.
    """
    check_formats(as_csv, as_json)
    from tickfold.market_data.series_catalog import SeriesCatalog  # noqa: PLC0415 - loads pydantic

    target = find_target(stack_outputs)
    found = SeriesCatalog(target.s3(), target.output("bucket")).list()
    write_rows(COLUMNS, rows := [row_of(series) for series in found], as_csv, as_json)
    if not rows:
        note("no bars are loaded: see `tickfold data load`")


def row_of(series: "Series") -> tuple[Value, ...]:
    """Return the values of `COLUMNS`."""
    known = (series.symbol, series.timeframe, series.bars, shown(series.first), shown(series.last))
    sessions = str(series.calendar) if series.calendar else "UTC days"
    periods = round(series.periods_per_year, 2)
    scaled = int(periods) if periods == int(periods) else periods
    return (*known, sessions, scaled, series.adjustment or "as_loaded", series.source)


def shown(time: datetime) -> str:
    """Return a time in ISO 8601; only the day at midnight UTC, as of daily bars."""
    return f"{time:%Y-%m-%d}" if (time.hour, time.minute) == (0, 0) else f"{time:%Y-%m-%dT%H:%MZ}"


def span(series: "Series") -> str:
    """Return how many bars a series has, and from when to when."""
    return f"{series.bars:,} bar{'' if series.bars == 1 else 's'} from {shown(series.first)} to {shown(series.last)}"
