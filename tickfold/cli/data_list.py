"""`tickfold data list`: the series of a stack."""

from datetime import datetime

from tickfold.cli.console import note
from tickfold.cli.rows import AsCsv, AsJson, check_formats, write_rows
from tickfold.cli.target import StackOutputs, find_target

COLUMNS = ("symbol", "timeframe", "bars", "first", "last", "source")


def list_series(as_csv: AsCsv = False, as_json: AsJson = False, stack_outputs: StackOutputs = None) -> None:
    """List the series that are loaded: symbol, timeframe, number of bars, first and last bar (UTC), source."""
    check_formats(as_csv, as_json)
    from tickfold.market_data.series_catalog import SeriesCatalog  # noqa: PLC0415 - loads pydantic

    target = find_target(stack_outputs)
    found = SeriesCatalog(target.s3(), target.output("bucket")).list()
    rows = [(one.symbol, one.timeframe, one.bars, shown(one.first), shown(one.last), one.source) for one in found]
    write_rows(COLUMNS, rows, as_csv, as_json)
    if not rows:
        note("no bars are loaded: see `tickfold data load`")


def shown(time: datetime) -> str:
    """Return a time in ISO 8601; only the day at midnight UTC, as of daily bars."""
    return f"{time:%Y-%m-%d}" if (time.hour, time.minute) == (0, 0) else f"{time:%Y-%m-%dT%H:%MZ}"
