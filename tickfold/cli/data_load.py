"""`tickfold data load`: load bars from a file into the stack."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tickfold.cli.completion import symbols
from tickfold.cli.console import note
from tickfold.cli.data_list import shown
from tickfold.cli.next_steps import suggest, with_stack
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
from tickfold.cli.target import StackOutputs, find_target
from tickfold.engine.timeframe import UNITS_TEXT, canonical_timeframe
from tickfold.market_data.reading_options import ReadingOptions

if TYPE_CHECKING:
    from tickfold.engine.calendar import SessionCalendar


USUAL_TIMEFRAMES = ("1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w", "1mo", "hourly", "daily", "weekly", "monthly")


def symbol(text: str) -> str:
    """Return `text` as a symbol.

    Raises:
        BadParameter: it is not one.
    """
    from tickfold.protocol.symbol import parse_symbol  # noqa: PLC0415 - loads the protocol

    try:
        return parse_symbol(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a symbol: {error}") from None


def timeframe(text: str) -> str:
    """Return `text`, a timeframe in any of its spellings.

    Raises:
        BadParameter: it is not one.
    """
    if canonical_timeframe(text) is None:
        from tickfold.protocol.spelling import suggestion  # noqa: PLC0415 - loads the protocol

        guess = suggestion(text, USUAL_TIMEFRAMES)
        raise typer.BadParameter(
            f"{text!r} is not a timeframe{guess}: a number and {UNITS_TEXT}, such as 5m, 1d or 1mo"
        )
    return text


def timeframe_option(left_out: str) -> Any:
    """Return the option `--timeframe`; `left_out` says what is taken without it."""
    help_text = f"Such as 1m, 1h, 1d, 1mo. Left out: {left_out}."
    return typer.Option("--timeframe", parser=timeframe, metavar="TIMEFRAME", help=help_text)


def calendar(text: str) -> "SessionCalendar":
    """Return `text` as a session calendar.

    Raises:
        BadParameter: it is not one.
    """
    from tickfold.engine.calendar import SessionCalendar  # noqa: PLC0415 - loads numpy

    try:
        return SessionCalendar.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def load(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet: date or timestamp, open, high, low, close, volume.")],
    *,
    under: Annotated[
        str,
        typer.Option(
            "--symbol", parser=symbol, metavar="SYMBOL", help="Symbol to load it under.", autocompletion=symbols
        ),
    ],
    bar_length: Annotated[str | None, timeframe_option("as in the file")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Make these bars all that the series has, in place of those it has.")
    ] = False,
    sessions: Annotated[
        Any,  # a SessionCalendar, whose module loads numpy
        typer.Option(
            "--calendar",
            parser=calendar,
            metavar="CALENDAR",
            help="Session calendar of the series: 24/7, weekdays, 6 days a week, with a time zone and when sessions "
            "begin: America/New_York, America/New_York 18:00, 24/7, UTC 17:00. Left out: as the bars show.",
        ),
    ] = None,
    separator: Separator = None,
    decimal: Decimal = None,
    encoding: Encoding = None,
    date_order: Order = None,
    timezone: Timezone = None,
    time_unit: Unit = None,
    columns: Columns = None,
    close: Closes = None,
    stack_outputs: StackOutputs = None,
) -> None:
    """Load bars from a file, all or none: new bars are added to those of the series.

    Bars that are loaded already must have the same values; bars of a day or longer are the same if they have one date.
    Where values differ, nothing is loaded unless --replace is given. A calendar that is set stays with the series.

    How the file is written is detected, and told where it is not plain CSV. A file that may be read in two ways is
    refused by the option that decides; one with a bad row is refused, and its bad rows are named.

    Example: tickfold data load goog.csv --symbol GOOG

    Example: tickfold data load es.csv --symbol ES=F --calendar "America/New_York 18:00"
    """
    from tickfold.market_data.bar_file import read_bar_file  # noqa: PLC0415 - slow to import
    from tickfold.market_data.bar_store import BarStore  # noqa: PLC0415

    names = column_names(columns) if columns else None
    options = ReadingOptions(separator, decimal, encoding, date_order, time_unit, timezone, names, close, under)
    target = find_target(stack_outputs)
    bucket = target.output("bucket")
    read = read_bar_file(file, bar_length, options)
    for remark in read.notes:
        note(f"{file.name}: {remark}")
    series = BarStore(target.s3(), bucket).put(
        under, read.timeframe, read.bars, source=file.name, replace=replace, calendar=sessions
    )
    if sessions and sessions != series.calendar:
        note(f"{series.timeframe} bars are at their dates: of {sessions} they have {series.calendar}")
    typer.echo(
        f"loaded {len(read.bars):,} bars; {series.symbol} {series.timeframe} now has {series.bars:,} "
        f"from {shown(series.first)} to {shown(series.last)}"
    )
    suggest(
        with_stack(stack_outputs, "data", "show", series.symbol),
        with_stack(stack_outputs, "run", "--symbol", series.symbol, "--strategy", "sma_cross"),
    )
