"""A bar with its indicators as a sink gets it: an item of the hot table, or its image in the table's stream."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

TIMEFRAME = "1m"
"""The timeframe of the bars that are exported."""
_BAR = "bar#"


@dataclass(frozen=True)
class ExportedBar:
    """A minute of a symbol; `timestamp` is its start in UTC, an indicator is None while there are too few bars."""

    ticker: str
    timestamp: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float
    sma9: float | None = None
    vwap: float | None = None

    @property
    def key(self) -> tuple[str, datetime]:
        """What there is one bar of."""
        return self.ticker, self.timestamp

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        """Return the bar in an item of the hot table.

        Raises:
            KeyError: an attribute is missing.
            ValueError: one is not what it should be, or the time has no zone.
        """
        time = datetime.fromisoformat(item["time"])
        if time.tzinfo is None:
            raise ValueError(f"time {item['time']!r} has no zone")
        prices = (float(item[name]) for name in ("open", "high", "low", "close", "volume"))
        indicators = (None if item.get(name) is None else float(item[name]) for name in ("sma9", "vwap"))
        return cls(_symbol(item["series"]), time.astimezone(UTC), *prices, *indicators)


def is_exported(item: Mapping[str, Any]) -> bool:
    """Return whether an item of the hot table is a bar that is exported, and no record of a series."""
    return bool(item["entry"].startswith(_BAR) and item["series"].endswith(f"#{TIMEFRAME}"))


def _symbol(series: str) -> str:
    return series.rpartition("#")[0]
