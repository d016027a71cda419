"""The hot table: bars that the feed has stored, until they are in the lake, and what the next tick goes on from.

A tick appends its bars in one transaction with the series' state, on condition that no other tick has changed it since
it was read. So bars are numbered without gaps, each is stored once, and two ticks at once do no harm. The table's
stream delivers each bar to the subscribers of its symbol, and to other sinks.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from boto3.dynamodb.conditions import ConditionBase, Key

from tickfold.market_data.feed.feed_state import FeedState, iso, number
from tickfold.market_data.feed.minute_bar import TIMEFRAME, FeedBar, MinuteBar
from tickfold.protocol.market_data import PushedBar, SymbolBars
from tickfold.realtime import topics
from tickfold.realtime.message_size import encode
from tickfold.storage.dynamodb import ConditionFailedError, transact, update
from tickfold.storage.query import get_all, query_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

MOST_APPENDED: Final = 99
"""Bars of one transaction, which has at most 100 writes, one of them the state's."""

_STATE = "state"
_BAR = "bar#"
_QUARANTINE = "quarantine#"
_LAST_SEQUENCE = 999_999_999_999
_BARS_OF_PAGE = 400
"""A session of 390 minutes is one page."""
_PRICES = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class Quarantined:
    """A bar that is held back, and why."""

    bar: MinuteBar
    provider: str
    reasons: tuple[str, ...]


class HotStore:
    """The hot table, over all series."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def state(self, symbol: str) -> FeedState:
        """Return how far the feed of `symbol` is."""
        item = self._table.get_item(Key=_key(symbol, _STATE), ConsistentRead=True).get("Item")
        return FeedState.of(item) if item else FeedState()

    def states(self, symbols: Sequence[str]) -> dict[str, FeedState]:
        """Return how far the feed of each symbol is."""
        found = get_all(self._table, [_key(symbol, _STATE) for symbol in symbols])
        read = {symbol_of(item["series"]): FeedState.of(item) for item in found}
        return {symbol: read.get(symbol, FeedState()) for symbol in symbols}

    def append(
        self,
        symbol: str,
        before: FeedState,
        after: FeedState,
        bars: Sequence[FeedBar],
        quarantined: Sequence[Quarantined] = (),
    ) -> bool:
        """Store `bars` and the state `after` them; return False, and store nothing, if it is not `before` any more."""
        rows = [bar_row(symbol, bar) for bar in bars] + [_quarantine_row(symbol, each) for each in quarantined]
        puts = [{"Put": {"TableName": self._table.name, "Item": row}} for row in rows]
        try:
            transact(self._table, [self._changed(symbol, before, after), *puts])
        except ConditionFailedError:
            return False
        return True

    def uncompacted(self, symbols: Sequence[str], before: datetime) -> list[str]:
        """Return those of `symbols` of which a bar that began before that time is not compacted."""
        behind = {symbol: state for symbol, state in self.states(symbols).items() if state.compacted < state.sequence}
        first = {symbol: next(self._bars(symbol, _after(state.compacted), Limit=1)) for symbol, state in behind.items()}
        return [symbol for symbol, stored in first.items() if stored.bar.time < before]

    def bars_after(self, symbol: str, sequence: int) -> Iterator[FeedBar]:
        """Yield the stored bars that follow number `sequence`, in order."""
        return self._bars(symbol, _after(sequence))

    def oldest_first(self, symbol: str) -> Iterator[FeedBar]:
        """Yield the stored bars from the first to the last; what is not taken is not read, but for a page."""
        return self._bars(symbol, Key("entry").begins_with(_BAR), Limit=_BARS_OF_PAGE)

    def newest_first(self, symbol: str) -> Iterator[FeedBar]:
        """Yield the stored bars from the last to the first; what is not taken is not read, but for a page."""
        return self._bars(symbol, Key("entry").begins_with(_BAR), ScanIndexForward=False, Limit=_BARS_OF_PAGE)

    def _bars(self, symbol: str, entries: ConditionBase, **request: Any) -> Iterator[FeedBar]:
        condition = Key("series").eq(series_of(symbol)) & entries
        found = query_all(self._table, KeyConditionExpression=condition, ConsistentRead=True, **request)
        return map(feed_bar, found)

    def last_session(self, symbol: str) -> list[FeedBar]:
        """Return the stored bars of the last one's UTC day: the sessions of all markets of the feed lie within one."""
        newest = self.newest_first(symbol)
        if (last := next(newest, None)) is None:
            return []
        midnight = last.bar.time.replace(hour=0, minute=0)
        return [last, *takewhile(lambda each: each.bar.time >= midnight, newest)][::-1]

    def quarantined(self, symbol: str) -> Iterator[Quarantined]:
        """Yield the bars that are held back, in time order."""
        condition = Key("series").eq(series_of(symbol)) & Key("entry").begins_with(_QUARANTINE)
        return map(_quarantined, query_all(self._table, KeyConditionExpression=condition))

    def set_compacted(self, symbol: str, sequence: int) -> None:
        """Note that the lake has all bars up to number `sequence`."""
        with suppress(self._table.meta.client.exceptions.ConditionalCheckFailedException):  # another noted as much
            update(
                self._table,
                Key=_key(symbol, _STATE),
                # `revision`, on which ticks are conditioned, stays.
                UpdateExpression="SET compacted = :sequence",
                ConditionExpression="attribute_not_exists(compacted) OR compacted < :sequence",
                ExpressionAttributeValues={":sequence": sequence},
            )

    def delete(self, symbol: str, sequences: Sequence[int]) -> None:
        """Delete the bars of these numbers. Idempotent."""
        with self._table.batch_writer() as batch:
            for sequence in sequences:
                batch.delete_item(Key=_key(symbol, _entry(sequence)))

    def _changed(self, symbol: str, before: FeedState, after: FeedState) -> Mapping[str, Any]:
        sets = after.attributes()
        unread = "attribute_not_exists(#revision)" if before.revision == 0 else "#revision = :read"
        values = {f":{name}": value for name, value in sets.items()}
        return {
            "Update": {
                "TableName": self._table.name,
                "Key": _key(symbol, _STATE),
                "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in sets),
                "ConditionExpression": unread,
                "ExpressionAttributeNames": {f"#{name}": name for name in sets},
                "ExpressionAttributeValues": values | ({":read": before.revision} if before.revision else {}),
            }
        }


def series_of(symbol: str) -> str:
    """Return the partition key of a symbol's minutes."""
    return f"{symbol}#{TIMEFRAME}"


def symbol_of(series: str) -> str:
    """Return the symbol of a partition key."""
    return series.rpartition("#")[0]


def message_of(symbol: str, bars: Sequence[FeedBar]) -> SymbolBars:
    """Return the message that pushes consecutive `bars`."""
    return SymbolBars(
        symbol=symbol,
        timeframe=TIMEFRAME,
        first=bars[0].sequence,
        sequence=bars[-1].sequence,
        bars=[_pushed(each) for each in bars],
    )


def bar_row(symbol: str, stored: FeedBar) -> dict[str, Any]:
    """Return the row of a bar, with all that its delivery needs."""
    optional = {"sma9": stored.sma9, "vwap": stored.vwap}
    return {
        "series": series_of(symbol),
        "entry": _entry(stored.sequence),
        "sequence": stored.sequence,
        **_bar_attributes(stored.bar),
        **{name: number(value) for name, value in optional.items() if value is not None},
        "provider": stored.provider,
        "body": encode(message_of(symbol, [stored])),
        "topics": [topics.of_symbol(symbol, TIMEFRAME)],
    }


def feed_bar(row: Mapping[str, Any]) -> FeedBar:
    """Return the bar of a row."""
    sma9, vwap = (float(row[name]) if name in row else None for name in ("sma9", "vwap"))
    return FeedBar(int(row["sequence"]), _minute_bar(row), sma9, vwap, row["provider"])


def _pushed(stored: FeedBar) -> PushedBar:
    bar = stored.bar
    time = int(bar.time.timestamp()) * 1_000
    return PushedBar(time, bar.open, bar.high, bar.low, bar.close, bar.volume, stored.sma9, stored.vwap)


def _bar_attributes(bar: MinuteBar) -> dict[str, Any]:
    return {"time": iso(bar.time), **{name: number(getattr(bar, name)) for name in _PRICES}}


def _minute_bar(row: Mapping[str, Any]) -> MinuteBar:
    return MinuteBar(datetime.fromisoformat(row["time"]), *(float(row[name]) for name in _PRICES))


def _quarantine_row(symbol: str, held: Quarantined) -> dict[str, Any]:
    bar = held.bar
    return {
        "series": series_of(symbol),
        "entry": f"{_QUARANTINE}{iso(bar.time)}",
        "time": iso(bar.time),
        # A bar may be here since one of its numbers is none, which DynamoDB does not hold as a number.
        **{name: repr(getattr(bar, name)) for name in _PRICES},
        "provider": held.provider,
        "reasons": list(held.reasons),
    }


def _quarantined(row: Mapping[str, Any]) -> Quarantined:
    return Quarantined(_minute_bar(row), row["provider"], tuple(row["reasons"]))


def _key(symbol: str, entry: str) -> dict[str, str]:
    return {"series": series_of(symbol), "entry": entry}


def _after(sequence: int) -> ConditionBase:
    return Key("entry").between(_entry(sequence + 1), _entry(_LAST_SEQUENCE))


def _entry(sequence: int) -> str:
    return f"{_BAR}{sequence:012d}"
