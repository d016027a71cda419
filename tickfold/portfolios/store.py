"""The trading table: portfolios with their journals and orders. Every change is one transaction.

It writes the portfolio's head, on condition that nobody has changed that since it was read, with the entry of the
journal and the orders that changed. Whoever is overtaken reads again and decides anew; so no two changes are made from
the same head, and nothing is ever half written. The table's stream delivers each entry to the journal's subscribers.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from boto3.dynamodb.conditions import Key

from tickfold.errors import RunError, TickfoldError
from tickfold.market_data.feed.feed_state import number
from tickfold.portfolios.journal import OrderEvent, apply, each_applied, order_after
from tickfold.portfolios.keys import partition_of, portfolio_of
from tickfold.portfolios.portfolio import followed
from tickfold.protocol.journal import BarSeen, Fill, JournalEntry, JournalEvent
from tickfold.protocol.portfolio_orders import Order
from tickfold.protocol.portfolios import Portfolio
from tickfold.realtime import topics
from tickfold.realtime.message_size import encode
from tickfold.storage.dynamodb import ConditionFailedError, Write, transact
from tickfold.storage.query import get_all, query_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

BY_NUMBER: Final = "by_number"
"""The index of orders, and of entries with fills, by their numbers."""
MOST_PORTFOLIOS: Final = 100
"""Portfolios of one owner."""
SMALLEST: Final = 1e-100
"""The smallest amount that is kept; DynamoDB's numbers begin at 1e-130."""

_OWNER = "owner#"
_ALL = "portfolios"
_SYMBOL = "symbol#"
_HEAD = "head"
_JOURNAL = "journal#"
_ORDER = "order#"
_FILL = "fill#"
_KEY = "key#"
_LAST_NUMBER = 999_999_999_999
_NEW: Final[Mapping[str, Any]] = {"ConditionExpression": "attribute_not_exists(portfolio)"}


class OvertakenError(TickfoldError):
    """The portfolio was changed by another since it was read, and nothing was written: read again, decide anew."""


class RepeatedError(TickfoldError):
    """An order of this id was placed before, or the key was used before, and nothing was written."""


class PortfolioStore:
    """The portfolios of all users."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    # --- writing -----------------------------------------------------------------------------------------------------

    def append(
        self,
        before: Portfolio,
        events: Sequence[JournalEvent],
        by: str,
        *,
        key: str | None = None,
        writes: Sequence[Write] = (),
    ) -> Portfolio:
        """Append an entry of these events to the journal of `before`, and return the portfolio after it.

        `by` is the user who causes it, or `trader`. `key` may be used once. `writes` are carried out with it, all or
        nothing; a transaction has at most 100, of which an entry of 30 orders takes 34.

        Raises:
            OvertakenError: `before` is not the portfolio any more.
            RepeatedError: an order's id, or the key, was used before.
        """
        entry = JournalEntry(
            sequence=before.revision + 1,
            portfolio=before.portfolio,
            time=round(time.time() * 1_000),
            by=by,
            events=list(events),
        )
        after = apply(before, entry)
        once = [*self._orders(before, entry), *([self._used(before.portfolio, key, after)] if key else [])]
        rest = [self._put(_journal_row(entry)), *self._listed(before, after)]
        try:
            transact(self._table, [self._head(before, after), *once, *rest, *writes])
        except ConditionFailedError as failed:
            if 0 in failed.writes:
                raise OvertakenError(f"{before.portfolio} is not at revision {before.revision} any more") from None
            if min(failed.writes) <= len(once):
                raise RepeatedError(f"an order's id or a key of {before.portfolio} was used before") from None
            raise
        return after

    def _head(self, before: Portfolio, after: Portfolio) -> Write:
        row = _key(after.portfolio, _HEAD) | _attributes(after.model_dump(exclude={"portfolio"}))
        if not before.revision:
            return self._put(row, **_NEW)
        return self._put(
            row, ConditionExpression="revision = :read", ExpressionAttributeValues={":read": before.revision}
        )

    def _orders(self, before: Portfolio, entry: JournalEntry) -> Iterator[Write]:
        """Yield the orders that an entry places or changes. An id is used once, also after its order has ended."""
        for order in orders_after(before, entry).values():
            new = order.number > before.orders_placed
            yield self._put(_order_row(entry.portfolio, order), **(_NEW if new else {}))

    def _used(self, portfolio: str, key: str, after: Portfolio) -> Write:
        return self._put(_key(portfolio, f"{_KEY}{key}") | {"revision": after.revision}, **_NEW)

    def _listed(self, before: Portfolio, after: Portfolio) -> Iterator[Write]:
        """Yield what lists a new portfolio, and what lists it under its owner and the symbols that it follows."""
        if not before.revision:
            yield self._put(_owner_key(after.owner, after.portfolio))
            yield self._put({"portfolio": _ALL, "entry": partition_of(after.portfolio)})
        were, are = followed(before), followed(after)
        for symbol in sorted(are - were):
            yield self._put(_symbol_key(symbol, after.portfolio))
        for symbol in sorted(were - are):
            yield {"Delete": {"TableName": self._table.name, "Key": _symbol_key(symbol, after.portfolio)}}

    def _put(self, row: Mapping[str, Any], **condition: Any) -> Write:
        return {"Put": {"TableName": self._table.name, "Item": dict(row), **condition}}

    # --- reading -----------------------------------------------------------------------------------------------------

    def get(self, portfolio: str) -> Portfolio | None:
        """Return a portfolio as it is now; None if there is none of this id."""
        item = self._table.get_item(Key=_key(portfolio, _HEAD), ConsistentRead=True).get("Item")
        return _portfolio(item) if item else None

    def of_owner(self, owner: str) -> list[Portfolio]:
        """Return the portfolios of a user, by name."""
        condition = Key("portfolio").eq(f"{_OWNER}{owner}")
        listed = query_all(self._table, KeyConditionExpression=condition, ConsistentRead=True)
        keys = [{"portfolio": str(row["entry"]), "entry": _HEAD} for row in listed]
        return sorted(map(_portfolio, get_all(self._table, keys)), key=lambda each: each.name)

    def all_ids(self) -> list[str]:
        """Return the ids of the portfolios of all users."""
        listed = query_all(self._table, KeyConditionExpression=Key("portfolio").eq(_ALL), ConsistentRead=True)
        return [portfolio_of(str(row["entry"])) for row in listed]

    def of_symbol(self, symbol: str) -> list[str]:
        """Return the ids of the portfolios that a bar of `symbol` concerns."""
        condition = Key("portfolio").eq(f"{_SYMBOL}{symbol}")
        listed = query_all(self._table, KeyConditionExpression=condition, ConsistentRead=True)
        return [portfolio_of(str(row["entry"])) for row in listed]

    def order(self, portfolio: str, order_id: str) -> Order | None:
        """Return an order, open or ended; None if none of this id was placed."""
        item = self._table.get_item(Key=_key(portfolio, f"{_ORDER}{order_id}"), ConsistentRead=True).get("Item")
        return Order.model_validate(item) if item else None

    def revision_of(self, portfolio: str, key: str) -> int | None:
        """Return the number of the entry that used `key`; None if none did."""
        item = self._table.get_item(Key=_key(portfolio, f"{_KEY}{key}"), ConsistentRead=True).get("Item")
        return int(str(item["revision"])) if item else None

    def entries_after(self, portfolio: str, number: int, most: int | None = None) -> Iterator[JournalEntry]:
        """Yield the entries of the journal that follow `number`, in order, so many of them at most."""
        entries = Key("entry").between(_journal_entry(number + 1), _journal_entry(_LAST_NUMBER))
        condition = Key("portfolio").eq(partition_of(portfolio)) & entries
        found = query_all(self._table, KeyConditionExpression=condition, ConsistentRead=True)
        return (JournalEntry.model_validate_json(row["body"]) for row in islice(found, most))

    def orders(self, portfolio: str, before: int | None, most: int) -> tuple[list[Order], int | None]:
        """Return the latest orders, open and ended, and the `before` of the next page. A new order may be missing."""
        rows, last = self._numbered(portfolio, _ORDER, before, most)
        return [Order.model_validate(row) for row in rows], last

    def entries_with_fills(
        self, portfolio: str, before: int | None, most: int
    ) -> tuple[list[JournalEntry], int | None]:
        """Return the latest entries that have fills, and the `before` of the next page. A new one may be missing."""
        rows, last = self._numbered(portfolio, _FILL, before, most)
        return [JournalEntry.model_validate_json(row["body"]) for row in rows], last

    def _numbered(
        self, portfolio: str, kind: str, before: int | None, most: int
    ) -> tuple[list[Mapping[str, Any]], int | None]:
        """Return rows of a kind, the latest first, and the number of the last of them if others may follow."""
        last = _LAST_NUMBER if before is None else before - 1
        condition = Key("portfolio").eq(partition_of(portfolio)) & Key("numbered").between(kind, _numbered(kind, last))
        found = self._table.query(
            IndexName=BY_NUMBER, KeyConditionExpression=condition, ScanIndexForward=False, Limit=most
        )
        rows: list[Mapping[str, Any]] = list(found["Items"])
        following = int(rows[-1]["numbered"].removeprefix(kind)) if "LastEvaluatedKey" in found else None
        return rows, following


def orders_after(before: Portfolio, entry: JournalEntry) -> dict[str, Order]:
    """Return the orders that an entry places, changes or ends, as they are after it.

    Of the best price of a trailing stop the head knows, which changes with each bar.
    """
    found = dict[str, Order]()
    for event, portfolio, after in each_applied(before, entry):
        if isinstance(event, OrderEvent):
            found[event.order_id] = order_after(portfolio.orders[event.order_id], event)
        if not isinstance(event, BarSeen):
            changed = {each: order for each, order in after.orders.items() if portfolio.orders.get(each) != order}
            found |= changed
    return found


def _journal_row(entry: JournalEntry) -> dict[str, Any]:
    """Return the row of an entry, with all that its delivery needs."""
    row = {
        **_key(entry.portfolio, _journal_entry(entry.sequence)),
        "time": entry.time,
        "by": entry.by,
        "body": encode(entry),
        "topics": [topics.of_journal(entry.portfolio)],
    }
    has_fills = any(isinstance(event, Fill) for event in entry.events)
    return row | ({"numbered": _numbered(_FILL, entry.sequence)} if has_fills else {})


def _order_row(portfolio: str, order: Order) -> dict[str, Any]:
    row = _key(portfolio, f"{_ORDER}{order.order_id}") | {"numbered": _numbered(_ORDER, order.number)}
    return row | _attributes(order.model_dump())


def _portfolio(item: Mapping[str, Any]) -> Portfolio:
    return Portfolio.model_validate({**item, "portfolio": portfolio_of(item["portfolio"])})


def _attributes(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as DynamoDB holds them, without those that are None."""
    return {name: _attribute(value) for name, value in values.items() if value is not None}


def _attribute(value: Any) -> Any:
    match value:
        case float():
            return _number(value)
        case dict():
            return _attributes(value)
        case list() | tuple():
            return [_attribute(each) for each in value]
    return value


def _number(value: float) -> Decimal:
    """Return a float as DynamoDB holds it.

    Raises:
        RunError: it is too close to 0, which DynamoDB does not hold exactly.
    """
    if 0 < abs(value) < SMALLEST:
        raise RunError(f"{value} is too small a number: expected 0, or at least {SMALLEST:g}", "invalid")
    return number(value)


def _key(portfolio: str, entry: str) -> dict[str, str]:
    return {"portfolio": partition_of(portfolio), "entry": entry}


def _owner_key(owner: str, portfolio: str) -> dict[str, str]:
    return {"portfolio": f"{_OWNER}{owner}", "entry": partition_of(portfolio)}


def _symbol_key(symbol: str, portfolio: str) -> dict[str, str]:
    return {"portfolio": f"{_SYMBOL}{symbol}", "entry": partition_of(portfolio)}


def _journal_entry(number: int) -> str:
    return _numbered(_JOURNAL, number)


def _numbered(kind: str, number: int) -> str:
    return f"{kind}{number:012d}"
