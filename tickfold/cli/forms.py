"""The forms in which values are written on the command line, such as `kind:number`, each parsed once.

A field of the protocol names its form (`tickfold.protocol.option.Option`), which `--help` shows as its placeholder.
A form that is not listed here is parsed by the field's own type.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import typer

from tickfold.cli.completion import strategies, symbols
from tickfold.cli.symbols import allocations, one_symbol, stock_of
from tickfold.protocol.sizing import parse_size

DAY_FORMAT = "%Y-%m-%d"
_VALUES = "name=value, name=1,2,3 or name=from:to:step, such as fast=5:50:5"


@dataclass(frozen=True)
class Form:
    """How values of one form are read and explained.

    `parse` reads one value and raises BadParameter; of an option that may be repeated, `gather` makes all its values
    one. `note` follows the field's description in `--help`, `help` replaces it. `complete` gives what the shell offers.
    """

    parse: Callable[[str], Any]
    gather: Callable[[list[Any] | None], Any] | None = None
    note: str = ""
    help: str = ""
    complete: Callable[..., list[str]] | None = None


def parameter(text: str) -> tuple[str, float]:
    """Parse `name=value`.

    Raises:
        BadParameter: it is no such pair, or the value is not a number.
    """
    name, equals, value = text.partition("=")
    if not (name.strip() and equals):
        raise typer.BadParameter(f"{text!r} is not name=value, such as fast=10")
    try:
        number = int(value) if re.fullmatch(r"\s*[+-]?\d+\s*", value) else float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise typer.BadParameter(f"{text!r}: {value!r} is not a number")
    return name.strip(), number


def parameter_values(text: str) -> tuple[str, Any]:
    """Parse `name=value`, `name=value,value…` or `name=from:to:step`.

    Raises:
        BadParameter: it is none of these, or a value is not a number.
    """
    name, _, written = text.partition("=")
    if ":" not in written and "," not in written:
        return parameter(text)
    separator = ":" if ":" in written else ","
    try:
        numbers = [parameter(f"{name}={number}")[1] for number in written.split(separator)]
    except typer.BadParameter:
        raise typer.BadParameter(f"{text!r} is not {_VALUES}") from None
    if separator == ",":
        return name.strip(), numbers
    if len(numbers) != 3:
        raise typer.BadParameter(f"{text!r} is not {_VALUES}")
    return name.strip(), dict(zip(("from", "to", "step"), numbers, strict=True))


def by_name(pairs: list[tuple[str, Any]] | None) -> dict[str, Any]:
    """Return the parameters by name.

    Raises:
        BadParameter: one is given twice.
    """
    names = [name for name, _ in pairs or []]
    if twice := {name for name in names if names.count(name) > 1}:
        raise typer.BadParameter(f"{', '.join(sorted(twice))} is given more than once")
    return dict(pairs or [])


def sizing(text: str) -> dict[str, str]:
    """Parse `kind:number` or `kind:number:bars`; the protocol validates the parts.

    Raises:
        BadParameter: it is not of that form.
    """
    try:
        return parse_size(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def window(text: str) -> dict[str, int]:
    """Parse `in-sample:out-of-sample`, both in bars.

    Raises:
        BadParameter: it is no such pair.
    """
    if not (match := re.fullmatch(r"([1-9]\d*):([1-9]\d*)", text)):
        raise typer.BadParameter(f"{text!r} is not bars in sample:bars out of sample, such as 500:100")
    return {"inSample": int(match[1]), "outOfSample": int(match[2])}


def day(text: str) -> date:
    """Parse a day such as 2024-01-31.

    Raises:
        BadParameter: it is not a day.
    """
    try:
        return datetime.strptime(text, DAY_FORMAT).date()
    except ValueError:
        raise typer.BadParameter(f"{text!r} does not match the format '{DAY_FORMAT}', such as 2024-01-31") from None


def strategy_name(text: str) -> str:
    """Return the name of a strategy.

    Raises:
        BadParameter: it is a file. Workers run what was deployed, and cannot read files of this machine.
    """
    if text.endswith(".py") or "/" in text:
        raise typer.BadParameter(
            f"{text} is a file; give a strategy's name. To run your own, put its file into strategies/, "
            "deploy again (`pulumi up`, or stop and start `tickfold up`), and give the name that its class has"
        )
    return text


FORMS = {
    "BARS:BARS": Form(
        window,
        help="Walk forward: choose on so many bars, trade on so many after them, and so on: 500:100. "
        "Default: rank runs over the whole range.",
    ),
    "DAY": Form(day),
    "FRACTION": Form(str, note="Such as 0.002, 0.2% or 20bp."),
    "KIND:NUMBER": Form(
        sizing,
        note="Such as fraction:50%, cash:5000, shares:100, volatility:20% or volatility:0.2:60 (yearly, over 60 bars).",
    ),
    "NAME": Form(strategy_name, note="One of Tickfold's, or your own in strategies/.", complete=strategies),
    "NAME=NUMBER": Form(parameter, by_name, help="A parameter of the strategy; may be repeated."),
    "NAME=VALUES": Form(
        parameter_values,
        by_name,
        help="A parameter's values: fast=10, fast=10,20,50 or fast=5:50:5 (from:to:step); may be repeated.",
    ),
    "SYMBOL": Form(one_symbol, help="Symbol of a loaded series: see `tickfold data list`.", complete=symbols),
    "SYMBOLS": Form(
        allocations,
        stock_of,
        help="Symbol of a loaded series: see `tickfold data list`. Several (A,B, or repeated) share the "
        "capital equally, or as A=0.5,B=25% says.",
        complete=symbols,
    ),
}
