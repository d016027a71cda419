"""Symbols on the command line: parsing and display."""

import re
from typing import Any

import typer

from tickfold.protocol.quantities import fraction_of
from tickfold.protocol.symbol import canonical_symbol

_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)"


def allocations(text: str) -> list[str | dict[str, str | float]]:
    """Parse symbols that are separated by commas, each perhaps with its share, as in `A=0.5,B=25%`.

    A symbol may itself have an `=`, such as GC=F: a share is what follows the last one, if that begins like a number.

    Raises:
        BadParameter: there is nothing between two commas, or a share is no fraction.
    """
    return [_allocation(part.strip(), text) for part in text.split(",")]


def one_symbol(text: str) -> str:
    """Return the symbol of a sweep.

    Raises:
        BadParameter: there are several, or it has a share.
    """
    if "," in text:
        raise typer.BadParameter(
            f"{text!r} names several symbols, and a sweep takes one: sweep each by itself, or `tickfold run` them all"
        )
    symbol, share = _split(text.strip())
    if share:
        raise typer.BadParameter(f"{text!r} has a share, and a sweep trades with all of the capital: write {symbol}")
    return text


def _allocation(part: str, text: str) -> str | dict[str, str | float]:
    if not part:
        raise typer.BadParameter(f"{text!r} has an empty symbol")
    symbol, share = _split(part)
    if not share:
        return part
    try:
        return {"symbol": symbol, "share": float(fraction_of(share, inclusive=True))}
    except ValueError as error:
        reason = str(error) if re.fullmatch(_NUMBER, share) else "a share is a fraction such as 0.7 or 70%"
        raise typer.BadParameter(f"{part!r}: {reason}") from None


def _split(part: str) -> tuple[str, str]:
    """Return a symbol and the share that is written after it, if there is one."""
    symbol, _, share = part.rpartition("=")
    return (symbol, share.strip()) if symbol and re.match(r"\s*[+-]?\.?\d", share) else (part, "")


def stock_of(options: list[Any] | None) -> Any:
    """Return a request's `stock` from all `--symbol` options: a single symbol without a share stays text."""
    named = [allocation for option in options or [] for allocation in option]
    return named[0] if len(named) == 1 and isinstance(named[0], str) else named


def symbols_of(stock: Any) -> list[str]:
    """Return the symbols in a request's `stock`."""
    named = stock if isinstance(stock, list) else [stock]
    return [canonical_symbol(each["symbol"] if isinstance(each, dict) else each) for each in named]
