"""The watch list: the symbols that the feed fetches, in the hot table, so that it is changed without a deployment."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from boto3.dynamodb.conditions import Key

from tickfold.errors import RunError
from tickfold.protocol.market_data import Market
from tickfold.protocol.spelling import suggestion
from tickfold.storage.query import query_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

MOST_SYMBOLS: Final = 200
"""In the watch list: one tick fetches all of them within its minute."""
_WATCH_LIST = "watchlist"


@dataclass(frozen=True)
class Watched:
    """A symbol that the feed fetches, and the market whose sessions it has."""

    symbol: str
    market: Market


class WatchList:
    """The watch list of the stack."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def all(self) -> list[Watched]:
        """Return the watched symbols, by name."""
        return [_watched(item) for item in self._items() if "removed_at" not in item]

    def watched(self, symbol: str) -> Watched:
        """Return a symbol that the feed fetches.

        Raises:
            RunError: it does not fetch it; the reason has the symbol that may be meant.
        """
        watched = {each.symbol: each for each in self.all()}
        if symbol not in watched:
            reason = f"the feed does not fetch {symbol}{suggestion(symbol, watched)}"
            raise RunError(f"{reason}: add it with `tickfold feed add {symbol}` or add_feed_symbols", "not_found")
        return watched[symbol]

    def ever(self) -> list[Watched]:
        """Return the symbols that are or were watched: the hot table may still have bars of them."""
        return list(map(_watched, self._items()))

    def add(self, symbols: Iterable[str], market: Market, user_id: str) -> None:
        """Watch `symbols`. Idempotent; a symbol that is watched already gets the `market`.

        Raises:
            RunError: the list would be longer than a tick can fetch. None is added.
        """
        wanted, known = set(symbols), {each.symbol for each in self.all()}
        if len(wanted | known) > MOST_SYMBOLS:
            raise RunError(
                f"the feed fetches {len(known)} symbols, and can fetch {MOST_SYMBOLS}; remove some first", "limit"
            )
        self._put({symbol: {"market": market, "added_by": user_id, "added_at": _now()} for symbol in wanted})

    def remove(self, symbols: Iterable[str]) -> None:
        """Watch `symbols` no longer. Idempotent."""
        unwanted = set(symbols)
        removed = {"removed_at": _now()}
        self._put({item["entry"]: {**item, **removed} for item in self._items() if item["entry"] in unwanted})

    def _items(self) -> Iterator[Mapping[str, Any]]:
        return query_all(self._table, KeyConditionExpression=Key("series").eq(_WATCH_LIST), ConsistentRead=True)

    def _put(self, items: Mapping[str, Mapping[str, Any]]) -> None:
        with self._table.batch_writer() as batch:
            for symbol, item in items.items():
                batch.put_item(Item={**item, "series": _WATCH_LIST, "entry": symbol})


def _watched(item: Mapping[str, Any]) -> Watched:
    return Watched(item["entry"], item["market"])


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
