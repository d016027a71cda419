"""`tickfold data remove`: remove series from the stack."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from tickfold.cli.completion import symbols
from tickfold.cli.console import note
from tickfold.cli.data_list import span
from tickfold.cli.data_load import symbol, timeframe_option
from tickfold.cli.target import StackOutputs, find_target
from tickfold.engine.timeframe import canonical_timeframe

if TYPE_CHECKING:
    from tickfold.market_data.series import Series


def remove(
    name: Annotated[
        str, typer.Argument(parser=symbol, metavar="SYMBOL", help="Symbol of the series.", autocompletion=symbols)
    ],
    bar_length: Annotated[str | None, timeframe_option("all")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    stack_outputs: StackOutputs = None,
) -> None:
    """Remove the bars of a symbol, in one timeframe or in all. Runs that have begun end as if nothing happened.

    Asks first; where nobody can answer, it removes only with --yes.

    Example: tickfold data remove GOOG --timeframe 1d
    """
    from tickfold.market_data.bar_store import BarStore  # noqa: PLC0415 - slow to import

    target = find_target(stack_outputs)
    store = BarStore(target.s3(), target.output("bucket"))
    wanted = canonical_timeframe(bar_length) if bar_length else None
    found = [series for series in store.catalog.find_of(name) if wanted in (None, series.timeframe)]
    if not found:
        note(f"no {wanted} bars of {name} are loaded" if wanted else f"no bars of {name} are loaded")
        return
    if not yes:
        _ask(found)
    for series in found:
        store.remove(series.symbol, series.timeframe)
        typer.echo(f"removed {series.symbol} {series.timeframe}: {span(series)}")


def _ask(found: Sequence["Series"]) -> None:
    named = "; ".join(f"{series.symbol} {series.timeframe}, {span(series)}" for series in found)
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"this removes {named}; to do so without a question, add --yes")
    typer.confirm(f"Remove {named}?", abort=True, err=True)
