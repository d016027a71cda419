"""The outcome of a run or a sweep, as tables or as one JSON document."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, assert_never

import typer

from tickfold import protocol
from tickfold.cli.console import stdout

if TYPE_CHECKING:
    from tickfold.cli.progress import ProgressView

TOP = 10
"""Rows of a sweep's ranking to show."""

AsDocument = Annotated[bool, typer.Option("--json", help="Write one JSON document instead of the summary.")]
SaveTo = Annotated[
    Path | None,
    typer.Option(
        "--save", metavar="DIR", file_okay=False, help="Also write the trades and the equity curve, as Parquet."
    ),
]
ReportTo = Annotated[
    Path | None,
    typer.Option(
        "--report", metavar="FILE", dir_okay=False, help="Also write the run's report as an HTML page into FILE."
    ),
]


def write_outcome(view: "ProgressView", result: "protocol.Result", *, as_json: bool, top: int = TOP) -> None:
    """Write the result of the run that `view` has shown; of a sweep its table first."""
    if as_json:
        found = sweep_document(view.table, result) if view.table else document(result)
        typer.echo(json.dumps(found, indent=2))
        return
    from tickfold.cli.summary import write_summary  # noqa: PLC0415 - loads rich
    from tickfold.cli.sweep_tables import write_sweep, write_walk_forward  # noqa: PLC0415

    match view.table:
        case protocol.Sweep():
            write_sweep(stdout(), view.table, top)
        case protocol.WalkForward():
            write_walk_forward(stdout(), view.table)
        case None:
            pass
        case _:
            assert_never(view.table)
    write_summary(stdout(), result, view.curves)


def document(result: "protocol.Result") -> dict[str, Any]:
    """Return a result as `--json` writes it."""
    found = result.model_dump(mode="json")
    names = ("symbol", "start", "end", "bars", "strategy", "parameters", "chunks", "replayed_bars")
    said = ("no_trades", "sessions", "adjustment", "splits", "dividends")
    figures = ("sequential_bars", "metrics", *(name for name in said if found.get(name)))
    places = ("execution_arn", "trades_uri", "equity_uri", *(["parts"] if result.parts > 1 else []), "duration_seconds")
    of_several = ("symbols", "runs_by_symbol_uri", "equity_by_symbol_uri") if result.symbols else ()
    shown = (*names, *figures, *places, *of_several)
    return {"run_id": result.run_id, "status": "succeeded"} | {name: found[name] for name in shown if found[name] != ""}


def sweep_document(table: "protocol.Sweep | protocol.WalkForward", result: "protocol.Result") -> dict[str, Any]:
    """Return a sweep's outcome as `--json` writes it: the table's head, and the result of the run that it ends with."""
    found = table.model_dump(mode="json", exclude={"version", "run_id", "sequence", "correlation_id", "type"})
    return {"run_id": result.run_id, "status": "succeeded"} | found | {"result": document(result)}
