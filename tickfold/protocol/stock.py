"""What is traded: one symbol, symbols in equal shares of the capital, or symbols with their shares."""

from math import fsum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from tickfold.protocol.quantities import Share
from tickfold.protocol.symbol import Symbol
from tickfold.protocol.wire import Wire

MOST_SYMBOLS = 100
"""In one run: the results of more would not fit into one message."""
STOCK_TAGS = ("(symbol)", "(symbols)", "(allocations)")

_MOST_CAPITAL = 1 + 1e-9
"""Bound of the sum of all shares: thirds may have been rounded to 0.3333333334."""


class Allocation(Wire):
    """A symbol and its share of the capital."""

    symbol: Annotated[Symbol, Field(description="Symbol of a loaded series.")]
    share: Annotated[Share, Field(description="Fraction of `startCapital`; all together at most 1.")]


def allocations_of(stock: str | list[str] | list[Allocation]) -> list[Allocation]:
    """Return each symbol of `stock` with its share of the capital, in the given order."""
    named = [stock] if isinstance(stock, str) else stock
    return [each if isinstance(each, Allocation) else Allocation(symbol=each, share=1 / len(named)) for each in named]


def _kind(value: Any) -> str:
    match value:
        case [dict() | Allocation(), *_]:
            return "(allocations)"
        case list():
            return "(symbols)"
    return "(symbol)"


def _check_kind(value: Any) -> Any:
    if isinstance(value, dict):
        raise ValueError('stock is an object; put it into a list, such as [{"symbol": "GOOG", "share": 0.5}]')
    if isinstance(value, list) and len({isinstance(each, str) for each in value}) > 1:
        raise ValueError("stock has symbols with and without a share; give a share to each of them, or to none")
    return value


def _check_universe(stock: str | list[str] | list[Allocation]) -> str | list[str] | list[Allocation]:
    if isinstance(stock, list):
        allocations = allocations_of(stock)
        _check_symbols([allocation.symbol for allocation in allocations])
        if (total := fsum(allocation.share for allocation in allocations)) > _MOST_CAPITAL:
            raise ValueError(f"the shares of stock add up to {total:g}; they may add up to 1 at most")
    return stock


def _check_symbols(symbols: list[str]) -> None:
    if not symbols:
        raise ValueError("stock is an empty list; name at least one symbol")
    if len(symbols) > MOST_SYMBOLS:
        raise ValueError(f"stock names {len(symbols):,} symbols; a run may have {MOST_SYMBOLS}")
    if twice := sorted({symbol for symbol in symbols if symbols.count(symbol) > 1}):
        raise ValueError(f"stock names {', '.join(twice)} more than once")


Stock = Annotated[
    Annotated[Symbol, Tag(STOCK_TAGS[0])]
    | Annotated[list[Symbol], Tag(STOCK_TAGS[1])]
    | Annotated[list[Allocation], Tag(STOCK_TAGS[2])],
    Discriminator(_kind),
    BeforeValidator(_check_kind),
    AfterValidator(_check_universe),
]
