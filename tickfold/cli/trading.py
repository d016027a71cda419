"""`tickfold trading`: the switches of trading, for whoever operates the stack."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tickfold.cli.console import note
from tickfold.cli.lazy_group import UnloadedCommand, group
from tickfold.cli.rows import AsCsv, AsJson, check_formats, write_rows
from tickfold.cli.target import StackOutputs, find_target

if TYPE_CHECKING:
    from tickfold.portfolios.switches import Switch

CHANGES = ("time", "switch", "from", "to", "by")

app = group(
    "trading",
    "Switch trading on and off in the whole stack.",
    UnloadedCommand("show", "trading:show", "Show the switches."),
    UnloadedCommand("set", "trading:set_switch", "Set a switch."),
    UnloadedCommand("changes", "trading:changes", "List who set which switch, the latest first."),
)


def show(as_csv: AsCsv = False, as_json: AsJson = False, stack_outputs: StackOutputs = None) -> None:
    """Show the switches of trading.

    Example: tickfold trading show
    """
    check_formats(as_csv, as_json)
    switches = find_target(stack_outputs).switches().read()
    write_rows(("switch", "value"), ((name, _word(on)) for name, on in switches.items()), as_csv, as_json)


def set_switch(
    name: Annotated[Literal["TRADING_ENABLED", "PAPER_TRADING"], typer.Argument(metavar="SWITCH")],
    value: Annotated[Literal["on", "off"], typer.Argument()],
    stack_outputs: StackOutputs = None,
) -> None:
    """Switch TRADING_ENABLED or PAPER_TRADING on or off, at once and in all portfolios. Orders that work go on.

    Example: tickfold trading set TRADING_ENABLED off
    """
    target = find_target(stack_outputs)
    target.switches().set(name, value == "on", target.operator())
    typer.echo(f"{name} is {value}")


def changes(as_csv: AsCsv = False, as_json: AsJson = False, stack_outputs: StackOutputs = None) -> None:
    """List who set which switch and when, the latest first.

    Example: tickfold trading changes
    """
    check_formats(as_csv, as_json)
    found = list(find_target(stack_outputs).switches().changes())
    write_rows(CHANGES, map(_row, found), as_csv, as_json)
    if not found:
        note("no switch was ever set: all are on")


def _row(change: "Switch") -> list[str | int | float | bool | None]:
    return [_text(change.time), change.name, _word(change.before), _word(change.after), change.by]


def _text(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def _word(on: bool) -> str:
    return "on" if on else "off"
