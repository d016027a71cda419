"""`tickfold data check`: what is wrong or odd about the bars of a series or of files; nothing is repaired."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tickfold.cli.completion import symbols
from tickfold.cli.console import note
from tickfold.cli.data_load import symbol, timeframe_option
from tickfold.cli.exit_codes import ExitCode
from tickfold.cli.reading_options import (
    Closes,
    Columns,
    Decimal,
    Encoding,
    Order,
    Separator,
    Timezone,
    Unit,
    column_names,
)
from tickfold.cli.rows import AsCsv, AsJson, Value, check_formats, is_table, write_rows
from tickfold.cli.target import StackOutputs, find_target
from tickfold.errors import RunError
from tickfold.market_data.reading_options import ReadingOptions

if TYPE_CHECKING:
    from tickfold.market_data.exchange_calendar import ExchangeCalendar
    from tickfold.market_data.finding import Finding

_COLUMNS = ("source", "time", "level", "kind", "found", "expected", "place")
_SUFFIXES = (".csv", ".csv.gz", ".tsv", ".txt", ".parquet")
_MOST_LISTED = 50


@dataclass(frozen=True)
class _Checked:
    """What was found in one series or file."""

    source: str
    bars: int
    timeframe: str
    findings: list["Finding"]

    @property
    def errors(self) -> int:
        return sum(finding.kind.is_error for finding in self.findings)

    @property
    def summary(self) -> str:
        remarks = len(self.findings) - self.errors
        counts = [
            f"{n:,} {what}{'' if n == 1 else 's'}" for n, what in ((self.errors, "error"), (remarks, "remark")) if n
        ]
        bars = f"{self.timeframe} bars" if self.timeframe else "bars"
        return f"{self.source}: {self.bars:,} {bars}, {' and '.join(counts) or 'nothing found'}"


def market(text: str) -> "ExchangeCalendar":
    """Return the calendar of the market `text`.

    Raises:
        BadParameter: it has none.
    """
    from tickfold.market_data.exchange_calendar import ExchangeCalendar  # noqa: PLC0415 - loads numpy

    try:
        return ExchangeCalendar.named(text)
    except RunError as error:
        raise typer.BadParameter(str(error)) from None


def check(
    what: Annotated[
        str,
        typer.Argument(
            metavar="SYMBOL|FILE|FOLDER/", help="A series, a file, or a folder of files.", autocompletion=symbols
        ),
    ],
    bar_length: Annotated[str | None, timeframe_option("all of a series; as in the file")] = None,
    *,
    exchange: Annotated[
        Any,  # an ExchangeCalendar, whose module loads numpy
        typer.Option(
            "--market",
            parser=market,
            metavar="MARKET",
            help="XNYS (all US equities) or 24/7: gaps are exactly its missing minutes or days, and bars outside of "
            "its sessions are errors. Left out: gaps are what the bars themselves let infer.",
        ),
    ] = None,
    within: Annotated[
        str | None,
        typer.Option("--symbol", parser=symbol, metavar="SYMBOL", help="Symbol to check, of a file that has several."),
    ] = None,
    separator: Separator = None,
    decimal: Decimal = None,
    encoding: Encoding = None,
    date_order: Order = None,
    timezone: Timezone = None,
    time_unit: Unit = None,
    columns: Columns = None,
    close: Closes = None,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
    stack_outputs: StackOutputs = None,
) -> None:
    """Check the bars of a series or of files, and repair nothing. Exit status 1 if there are errors.

    Errors are bars that cannot be right: no number, a price not above 0, a high below the low or not around open and
    close, a time twice or not on a whole minute, a price 10 times its neighbours or a tenth that reverts, a bar outside
    of the market's sessions. The feed quarantines them. Remarks may well be right: gaps, jumps with the split that they
    look like, five or more equal bars in a row, volume 0.

    An argument that names a file is that file, and one with a slash is a folder; else it is a symbol.

    Example: tickfold data check GOOG --market XNYS

    Example: tickfold data check downloads/ --csv
    """
    check_formats(as_csv, as_json)
    names = column_names(columns) if columns else None
    options = ReadingOptions(separator, decimal, encoding, date_order, time_unit, timezone, names, close, within)
    path = Path(what)
    if path.is_dir() and what.endswith(("/", "\\")):
        checked = list(_folder(path, bar_length, options, exchange))
    elif path.is_file():
        checked = [_file(path, bar_length, options, exchange)]
    else:
        checked = list(_series(symbol(what), bar_length, exchange, stack_outputs))
    _write(checked, as_csv, as_json)
    if any(each.errors for each in checked):
        raise typer.Exit(ExitCode.FAILED)


def _series(
    name: str, timeframe: str | None, exchange: "ExchangeCalendar | None", stack_outputs: Path | None
) -> Iterator[_Checked]:
    from tickfold.market_data.adjustment import adjusted_for_splits  # noqa: PLC0415 - slow to import
    from tickfold.market_data.bar_store import BarStore  # noqa: PLC0415
    from tickfold.market_data.quality import findings  # noqa: PLC0415

    target = find_target(stack_outputs)
    store = BarStore(target.s3(), target.output("bucket"))
    one = store.catalog.find(name, timeframe)
    for series in [one] if timeframe else store.catalog.find_of(name):
        bars = store.read(series, 0, series.bars)
        actions = series.actions.found if series.actions else []
        found = findings(adjusted_for_splits(bars, actions), series.timeframe, series.calendar, exchange)
        yield _Checked(f"{series.symbol} {series.timeframe}", len(bars), series.timeframe, found)


def _folder(
    folder: Path, timeframe: str | None, options: ReadingOptions, exchange: "ExchangeCalendar | None"
) -> Iterator[_Checked]:
    from tickfold.market_data.bar_table import BarFileError  # noqa: PLC0415 - slow to import
    from tickfold.market_data.finding import Finding, Kind  # noqa: PLC0415

    files = sorted(path for path in folder.rglob("*") if path.name.lower().endswith(_SUFFIXES) and path.is_file())
    if not files:
        raise RunError(f"{folder} has no bar files: none ends in {', '.join(_SUFFIXES)}")
    for path in files:
        try:
            yield _file(path, timeframe, options, exchange)
        except BarFileError as error:  # one file that is none is no reason not to check the others
            yield _Checked(str(path), 0, "", [Finding(Kind.UNREADABLE, None, str(error))])


def _file(path: Path, timeframe: str | None, options: ReadingOptions, exchange: "ExchangeCalendar | None") -> _Checked:
    from tickfold.market_data.bar_file import check_bar_file  # noqa: PLC0415 - slow to import
    from tickfold.market_data.quality import findings  # noqa: PLC0415

    read, found = check_bar_file(path, timeframe, options)
    if read is None:
        return _Checked(str(path), 0, "", found)
    for remark in read.notes:
        note(f"{path.name}: {remark}")
    return _Checked(
        str(path), len(read.bars), read.timeframe, [*found, *findings(read.bars, read.timeframe, exchange=exchange)]
    )


# --- what is shown ---------------------------------------------------------------------------------------------------


def _write(checked: list[_Checked], as_csv: bool, as_json: bool) -> None:
    rows = [row for each in checked for row in _rows(each)]
    if not is_table(as_csv, as_json):
        write_rows(_COLUMNS, rows, as_csv, as_json)
    elif rows:
        rows.sort(key=lambda row: row[2] != "error")  # errors first
        write_rows(_COLUMNS, rows[:_MOST_LISTED], as_csv, as_json)
        if len(rows) > _MOST_LISTED:
            note(f"… and {len(rows) - _MOST_LISTED:,} more; --csv writes all")
    for each in checked:
        note(each.summary)


def _rows(checked: _Checked) -> Iterator[tuple[Value, ...]]:
    for finding in checked.findings:
        level = "error" if finding.kind.is_error else "remark"
        yield (
            checked.source,
            _time(finding.time, checked.timeframe),
            level,
            finding.kind.value,
            finding.found,
            finding.kind.expected,
            finding.place,
        )


def _time(microseconds: int | None, timeframe: str) -> str | None:
    from tickfold.market_data.overlap import shown_time  # noqa: PLC0415 - loads numpy

    return None if microseconds is None else shown_time(microseconds, timeframe or "1m")
