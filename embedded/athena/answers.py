"""Answers: how Athena spells values, and what it calls their types."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np

_TYPES: Final[Mapping[str, str]] = {
    "HUGEINT": "bigint",
    "UBIGINT": "bigint",
    "FLOAT": "real",
    "BLOB": "varbinary",
    '"NULL"': "unknown",
    "NULL": "unknown",
    "TIMESTAMP_S": "timestamp",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP_NS": "timestamp",
    "INTERVAL": "interval day to second",
}
_PRECISIONS: Final[Mapping[str, tuple[int, int]]] = {
    "tinyint": (3, 0),
    "smallint": (5, 0),
    "integer": (10, 0),
    "bigint": (19, 0),
    "real": (7, 0),
    "double": (17, 0),
    "varchar": (2_147_483_647, 0),
    "timestamp": (3, 0),
    "timestamp with time zone": (3, 0),
}
_SMALLEST_PLAIN, _LARGEST_PLAIN = 1e-3, 1e7
_MILLISECOND: Final = timedelta(milliseconds=1)


def type_name(duckdb_type: str) -> str:
    """Return Athena's name of DuckDB's type: `array` and `row` whatever their elements are."""
    if duckdb_type.endswith("]"):
        return "array"
    name = duckdb_type.partition("(")[0]
    if name in ("MAP", "STRUCT"):
        return {"MAP": "map", "STRUCT": "row"}[name]
    return _TYPES.get(name, name.lower())


def precision_and_scale(duckdb_type: str) -> tuple[int, int]:
    """Return a type's precision and scale, as the description of a column has them."""
    if found := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", duckdb_type):
        return int(found[1]), int(found[2])
    return _PRECISIONS.get(type_name(duckdb_type), (0, 0))


def text_of(value: Any, zone: str = "UTC") -> str | None:
    """Return Athena's spelling of a value; None for NULL. `zone` is that of times with one."""
    if value is None:
        return None
    for kind, spell in _SPELLINGS:
        if isinstance(value, kind):
            return f"{spell(value)} {zone}" if isinstance(value, datetime) and value.tzinfo else spell(value)
    return str(value)


def scientific(value: float) -> str:
    """Return a double as a cast to varchar spells it: `1.5E0`, `0E0`."""
    if not math.isfinite(value):
        return _double(value)
    if value == 0:
        return "0E0"
    return _scientific(value)


def _scientific(value: float) -> str:
    mantissa, _, exponent = f"{Decimal(repr(value)):e}".lower().partition("e")
    digits = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{digits if '.' in digits else digits + '.0'}E{int(exponent)}"


def _double(value: float) -> str:
    """Return a double as Java does: plain from 0.001 to 10,000,000, with an exponent otherwise."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or _SMALLEST_PLAIN <= abs(value) < _LARGEST_PLAIN:
        plain = f"{Decimal(repr(value)):f}"
        return plain if "." in plain else f"{plain}.0"
    return _scientific(value)


def _time(value: datetime) -> str:
    local = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1_000:03d}"


def _interval(value: timedelta) -> str:
    milliseconds = value // _MILLISECOND
    sign, milliseconds = "-" if milliseconds < 0 else "", abs(milliseconds)
    seconds, rest = divmod(milliseconds, 1_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{sign}{days} {hours:02d}:{minutes:02d}:{seconds:02d}.{rest:03d}"


def months(value: timedelta) -> str:
    """Return an interval of months, of which DuckDB makes 30 days each: `1-2` for a year and two months."""
    count = value // timedelta(days=30)
    sign, count = "-" if count < 0 else "", abs(count)
    return f"{sign}{count // 12}-{count % 12}"


def _joined(values: Iterable[Any]) -> str:
    return ", ".join("null" if (text := text_of(each)) is None else text for each in values)


def _mapping(value: dict[Any, Any]) -> str:
    named = ((re.sub(r"^_(\d+)$", r"field\1", text_of(key) or ""), text_of(each)) for key, each in value.items())
    return "{" + ", ".join(f"{key}={'null' if text is None else text}" for key, text in named) + "}"


def real(value: float | None) -> str | None:
    """Return a float of 32 bits, which has fewer digits than the double that Python makes of it."""
    return None if value is None else _double(float(str(np.float32(value))))


_SPELLINGS: Final[tuple[tuple[type, Callable[[Any], str]], ...]] = (
    (bool, lambda value: str(value).lower()),
    (float, _double),
    (datetime, _time),
    (date, date.isoformat),
    (time, lambda value: f"{value:%H:%M:%S}.{value.microsecond // 1_000:03d}"),
    (timedelta, _interval),
    (Decimal, lambda value: f"{value:f}"),
    (bytes, lambda value: value.hex(" ")),
    (list, lambda value: f"[{_joined(value)}]"),
    (tuple, lambda value: f"[{_joined(value)}]"),
    (dict, _mapping),
)
