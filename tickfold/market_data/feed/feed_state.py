"""How far the feed of a series is: what one tick leaves for the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self

from tickfold.market_data.feed.session_indicators import SessionIndicators


@dataclass(frozen=True)
class FeedState:
    """The record of a series.

    `revision` counts its changes by the feed; `sequence` is the number of the last bar, `last_time` its start.
    `settled_to` is the time before which no bar is asked for any more: the end of a session that is over.
    `compacted` is the number of the last bar that the lake has; `quarantined` counts the bars that were held back.
    """

    revision: int = 0
    sequence: int = 0
    last_time: datetime | None = None
    settled_to: datetime | None = None
    indicators: SessionIndicators = field(default_factory=SessionIndicators)
    provider: str | None = None
    quarantined: int = 0
    compacted: int = 0

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        """Return the state that DynamoDB holds as `item`."""
        session = item.get("session")
        return cls(
            revision=int(item["revision"]),
            sequence=int(item["sequence"]),
            last_time=_time(item.get("last_time")),
            settled_to=_time(item.get("settled_to")),
            indicators=SessionIndicators(
                closes=tuple(map(float, item["closes"])),
                session=date.fromisoformat(session) if session else None,
                traded=float(item["traded"]),
                volume=float(item["traded_volume"]),
            ),
            provider=item.get("provider"),
            quarantined=int(item["quarantined"]),
            compacted=int(item.get("compacted", 0)),
        )

    def attributes(self) -> dict[str, Any]:
        """Return what the feed sets of the item; `compacted` is the compaction's."""
        carried = self.indicators
        known = {
            "revision": self.revision,
            "sequence": self.sequence,
            "last_time": iso(self.last_time),
            "settled_to": iso(self.settled_to),
            "closes": [number(close) for close in carried.closes],
            "session": carried.session.isoformat() if carried.session else None,
            "traded": number(carried.traded),
            "traded_volume": number(carried.volume),
            "provider": self.provider,
            "quarantined": self.quarantined,
        }
        return {name: value for name, value in known.items() if value is not None}


def number(value: float) -> Decimal:
    """Return a float as DynamoDB holds it: the shortest decimal that is read as the same float."""
    return Decimal(repr(value))


def iso(time: datetime | None) -> str | None:
    """Return a UTC time as it is stored; texts of this form sort by time."""
    return f"{time:%Y-%m-%dT%H:%M:%SZ}" if time else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
