"""Symbols on the command line: parsing and display."""

import re
from typing import Any

import typer

_MOST_SHOWN = 5


def allocations(text: str) -> list[str | dict[str, str | float]]:
    """Parse symbols that are separated by commas, each perhaps with its share, as in `A=0.5,B=0.25`.

    A symbol may itself have an `=`, such as GC=F: a share is what follows the last one, if that is a number.

    Raises:
        BadParameter: there is nothing between two commas.
    """
    return [_allocation(part.strip(), text) for part in text.split(",")]


def _allocation(part: str, text: str) -> str | dict[str, str | float]:
    if not part:
        raise typer.BadParameter(f"{text!r} has an empty symbol")
    symbol, _, share = part.rpartition("=")
    if symbol and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", share):
        return {"symbol": symbol, "share": float(share)}
    return part


def stock_of(options: list[Any] | None) -> Any:
    """Return a request's `stock` from all `--symbol` options: a single symbol without a share stays text."""
    named = [allocation for option in options or [] for allocation in option]
    return named[0] if len(named) == 1 and isinstance(named[0], str) else named


def symbols_of(stock: Any) -> list[str]:
    """Return the symbols in a request's `stock`."""
    named = stock if isinstance(stock, list) else [stock]
    return [(each["symbol"] if isinstance(each, dict) else each).strip().upper() for each in named]


def shown(joined: str) -> str:
    """Return symbols that are joined by commas for display: the first ones, and the number of the others."""
    symbols = joined.split(",")
    more = f" and {len(symbols) - _MOST_SHOWN} more" if len(symbols) > _MOST_SHOWN else ""
    return ", ".join(symbols[:_MOST_SHOWN]) + more
