"""`tickfold backtest`: one backtest of the bars in a file, on this machine and without a stack."""

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tickfold.cli.completion import strategies
from tickfold.cli.config_options import ConfigOptions
from tickfold.cli.configured_command import ConfiguredCommand
from tickfold.cli.console import note, stdout
from tickfold.cli.data_load import calendar as parse_calendar
from tickfold.cli.data_load import symbol as parse_symbol
from tickfold.cli.data_load import timeframe_option
from tickfold.cli.download import prepare_directory
from tickfold.cli.exit_codes import UsageError
from tickfold.cli.lazy_group import application
from tickfold.cli.next_steps import suggest
from tickfold.cli.outcome import AsDocument, ReportTo, SaveTo, document
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
from tickfold.protocol import BacktestConfig

if TYPE_CHECKING:
    from tickfold.cli.chart import Curves
    from tickfold.local.choice import Choice
    from tickfold.local.finished_run import FinishedRun
    from tickfold.local.market import Market
    from tickfold.local.request import Request

BACKTEST = ConfigOptions(BacktestConfig, without=("stock", "strategy", "timeframe", "adjustment", "chunks"))
_WRITTEN_OUT = "tickfold.parameters"
"""Where the context keeps the parameters that were written as options."""


class BacktestCommand(ConfiguredCommand):
    """Takes `--fast 10`, an option that the command does not have, for `--param fast=10`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments, such parameters by their names."""
        known = {name for each in self.params for name in (*each.opts, *each.secondary_opts)} | {"--help", "-h"}
        ctx.meta[_WRITTEN_OUT] = written = []
        parsed: list[str] = []
        rest = iter(args)
        for each in rest:
            name, equals, value = each.partition("=")
            if each == "--":
                parsed += [each, *rest]
            elif name in known or not name.startswith("--"):
                parsed.append(each)
            else:
                written.append(name.removeprefix("--").replace("-", "_"))
                if not (given := value if equals else next(rest, "")):
                    raise typer.BadParameter(f"{name} has no value: write {name} 10", ctx)
                parsed += ["--param", f"{written[-1]}={given}"]
        return super().parse_args(ctx, parsed)


@BACKTEST.on
def backtest(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV or Parquet: date or timestamp, open, high, low, close, volume.")],
    strategy: Annotated[
        str,
        typer.Argument(
            metavar="STRATEGY",
            help="One of Tickfold's, your own in strategies/, or a Python file.",
            autocompletion=strategies,
        ),
    ] = "buy_and_hold",
    *,
    under: Annotated[
        str | None,
        typer.Option(
            "--symbol", parser=parse_symbol, metavar="SYMBOL", help="Symbol of the bars. Left out: the file's name."
        ),
    ] = None,
    bar_length: Annotated[str | None, timeframe_option("as in the file")] = None,
    sessions: Annotated[
        Any,  # a SessionCalendar, whose module loads numpy
        typer.Option(
            "--calendar",
            parser=parse_calendar,
            metavar="CALENDAR",
            help="Session calendar, as in `tickfold data load`. Left out: as the bars show.",
        ),
    ] = None,
    as_json: AsDocument = False,
    save_to: SaveTo = None,
    report_to: ReportTo = None,
    separator: Separator = None,
    decimal: Decimal = None,
    encoding: Encoding = None,
    date_order: Order = None,
    timezone: Timezone = None,
    time_unit: Unit = None,
    columns: Columns = None,
    close: Closes = None,
    **options: Any,
) -> None:
    """Run one backtest of the bars in a file on this machine, without a stack, and show its metrics.

    A strategy's parameters may be written as options. The numbers are those of `tickfold run` on the same bars.

    Example: tickfold backtest goog.csv sma_cross --fast 10 --slow 30 --commission 0.1% --report goog.html
    """
    reading = {
        "separator": separator,
        "decimal": decimal,
        "encoding": encoding,
        "date_order": date_order,
        "timezone": timezone,
        "time_unit": time_unit,
        "columns": column_names(columns) if columns else None,
        "close": close,
    }
    from tickfold.local.backtest import run_one_symbol  # noqa: PLC0415 - numpy and pyarrow take a while
    from tickfold.local.market import read_market  # noqa: PLC0415

    choice = _choice(context, strategy)
    _prepare(save_to, report_to)
    market = read_market(file, under, bar_length, reading, sessions)
    for remark in market.notes:
        note(f"{file.name}: {remark}")
    run = run_one_symbol(_request(choice, market, BACKTEST.request(options)))
    _keep(run, save_to, report_to)
    if as_json:
        typer.echo(json.dumps(document(run.result), indent=2))
    else:
        from tickfold.cli.summary import write_summary  # noqa: PLC0415 - loads rich

        write_summary(stdout(), run.result, _curves(run))
        if report_to is None:
            suggest((*sys.argv[1:], "--report", f"{file.stem}.html"))


app = application(backtest, BacktestCommand)


def _choice(context: typer.Context, strategy: str) -> "Choice":
    """Return the strategy.

    Raises:
        RunError: there is no such strategy.
        UsageError: it has no such parameter as was written as an option.
    """
    from tickfold.local.choice import choose  # noqa: PLC0415
    from tickfold.protocol.spelling import suggestion  # noqa: PLC0415

    choice = choose(strategy)
    for name in context.meta[_WRITTEN_OUT]:
        if name not in choice.accepted:
            parameters = [_flag(each) for each in choice.accepted]
            flags = [flag for each in context.command.params for flag in each.opts if flag.startswith("--")]
            guess = suggestion(_flag(name), [*parameters, *flags])
            has = f"its parameters are {', '.join(parameters)}" if parameters else "it has no parameters"
            raise UsageError(f"{_flag(name)} is neither an option{guess} nor a parameter of {choice.name}: {has}")
    return choice


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _request(choice: "Choice", market: "Market", fields: dict[str, Any]) -> "Request":
    from tickfold.backtests.date_range import DayError  # noqa: PLC0415
    from tickfold.local.request import checked  # noqa: PLC0415

    try:
        return checked(choice, [market], fields, BACKTEST.config)
    except DayError as error:
        raise UsageError(BACKTEST.with_flags(str(error))) from None


def _prepare(save_to: Path | None, report_to: Path | None) -> None:
    """Make what is written to, so that no run is wasted."""
    if save_to is not None:
        prepare_directory(save_to)
    if report_to is not None:
        prepare_directory(report_to.parent)


def _keep(run: "FinishedRun", save_to: Path | None, report_to: Path | None) -> None:
    from tickfold.storage import parquet  # noqa: PLC0415

    if save_to is not None:
        for path, table in ((save_to / "trades.parquet", run.trades), (save_to / "equity.parquet", run.equity)):
            path.write_bytes(parquet.encode(table))
            note(f"saved {path}")
    if report_to is not None:
        from tickfold.local.report import write_report  # noqa: PLC0415

        write_report(run, report_to)
        note(f"saved {report_to}")


def _curves(run: "FinishedRun") -> "Curves":
    """Return the curves that the terminal's chart shows."""
    from tickfold.cli.chart import Curves  # noqa: PLC0415 - loads rich

    held = [dollars if math.isfinite(dollars) else None for dollars in run.benchmark.tolist()]
    return Curves(run.equity["timestamp"].cast("int64").to_pylist(), run.equity["equity"].to_pylist(), held)
