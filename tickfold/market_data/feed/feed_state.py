"""How far the feed of a series is: what one tick leaves for the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self

from tickfold.market_data.feed.minute_bar import MinuteBar
from tickfold.market_data.feed.session_indicators import SessionIndicators
from tickfold.market_data.quality import NEIGHBOURS


@dataclass(frozen=True)
class FeedState:
    """The record of a series.

    `revision` counts its changes by the feed; `sequence` is the number of the last bar that was stored; `last_time` is
    the start of the last bar that was received, whether stored or held back, `received_closes` are those of its session
    before it, five at most. `settled_to` is the time before which no bar is asked for any more: the end of a session
    that is over. `compacted` is the number of the last bar that the lake has; `quarantined` counts those held back.
    """

    revision: int = 0
    sequence: int = 0
    last_time: datetime | None = None
    received_session: date | None = None
    received_closes: tuple[float, ...] = ()
    settled_to: datetime | None = None
    indicators: SessionIndicators = field(default_factory=SessionIndicators)
    provider: str | None = None
    quarantined: int = 0
    compacted: int = 0

    def received(self, bar: MinuteBar, session: date) -> "FeedState":
        """Return the state after a bar was received, whatever becomes of it."""
        closes = self.received_closes if self.received_session == session else ()
        return replace(
            self,
            last_time=bar.time,
            received_session=session,
            received_closes=(*closes, bar.close)[-NEIGHBOURS:],
        )

    def stored(self, bar: MinuteBar, session: date, provider: str) -> "FeedState":
        """Return the state after a bar that was received is stored."""
        return replace(
            self, sequence=self.sequence + 1, indicators=self.indicators.after(bar, session), provider=provider
        )

    def held_back(self) -> "FeedState":
        """Return the state after a bar that was received is held back."""
        return replace(self, quarantined=self.quarantined + 1)

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        """Return the state that DynamoDB holds as `item`."""
        return cls(
            revision=int(item["revision"]),
            sequence=int(item["sequence"]),
            last_time=_time(item.get("last_time")),
            received_session=_day(item.get("received_session")),
            received_closes=tuple(map(float, item["received_closes"])),
            settled_to=_time(item.get("settled_to")),
            indicators=SessionIndicators(
                closes=tuple(map(float, item["closes"])),
                session=_day(item.get("session")),
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
            "received_session": self.received_session and self.received_session.isoformat(),
            # As texts: a bar may be held back since its close is no number that DynamoDB holds.
            "received_closes": [repr(close) for close in self.received_closes],
            "settled_to": iso(self.settled_to),
            "closes": [number(close) for close in carried.closes],
            "session": carried.session and carried.session.isoformat(),
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


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
