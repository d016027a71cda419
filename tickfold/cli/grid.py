"""What the command line says of a sweep's values: `--param fast=5:50:5`, and `--walk-forward 500:100`."""

import re
from typing import Any

import typer

from tickfold.cli.options import parameter

_FORM = "name=value, name=1,2,3 or name=from:to:step, such as fast=5:50:5"


def values(text: str) -> tuple[str, Any]:
    """Parse `name=value`, `name=value,value…` or `name=from:to:step`.

    Raises:
        BadParameter: it is none of these, or a value is no number.
    """
    name, _, written = text.partition("=")
    if ":" not in written and "," not in written:
        return parameter(text)
    separator = ":" if ":" in written else ","
    try:
        numbers = [parameter(f"{name}={number}")[1] for number in written.split(separator)]
    except typer.BadParameter:
        raise typer.BadParameter(f"{text!r} is not {_FORM}") from None
    if separator == ",":
        return name.strip(), numbers
    if len(numbers) != 3:
        raise typer.BadParameter(f"{text!r} is not {_FORM}")
    return name.strip(), dict(zip(("from", "to", "step"), numbers, strict=True))


def window(text: str) -> dict[str, int]:
    """Parse `in-sample:out-of-sample`, both in bars.

    Raises:
        BadParameter: it is no such pair.
    """
    if not (match := re.fullmatch(r"([1-9]\d*):([1-9]\d*)", text)):
        raise typer.BadParameter(f"{text!r} is not bars in sample:bars out of sample, such as 500:100")
    return {"inSample": int(match[1]), "outOfSample": int(match[2])}
