"""Bars as items of the hot table, and as the records of its stream."""

from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeSerializer

from tickfold.market_data.sinks.exported_bar import ExportedBar

_VALUES = ("open", "high", "low", "close", "volume", "sma9", "vwap")


def item_of(bar: ExportedBar, sequence: int, timeframe: str = "1m") -> dict[str, Any]:
    """Return the item of `bar`; a float's Decimal is that of its shortest notation."""
    values = {name: Decimal(repr(value)) for name in _VALUES if (value := getattr(bar, name)) is not None}
    keys = {"series": f"{bar.ticker}#{timeframe}", "entry": f"bar#{sequence:012d}", "sequence": sequence}
    return keys | {"time": f"{bar.timestamp:%Y-%m-%dT%H:%M:%SZ}"} | values


def record_of(item: dict[str, Any], number: int, name: str = "INSERT") -> dict[str, Any]:
    """Return the stream's record with the sequence number `number`; of a removed item, it has no new image."""
    image = {key: TypeSerializer().serialize(value) for key, value in item.items()}
    change = {"SequenceNumber": str(number), "Keys": {key: image[key] for key in ("series", "entry")}}
    return {"eventName": name, "dynamodb": change | ({} if name == "REMOVE" else {"NewImage": image})}
