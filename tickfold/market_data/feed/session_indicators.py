"""SMA9 and session VWAP, one bar at a time: the same numbers as over all bars at once."""

from dataclasses import dataclass, replace
from datetime import date
from math import fsum
from typing import Final

from tickfold.market_data.feed.minute_bar import MinuteBar

WINDOW: Final = 9


@dataclass(frozen=True)
class SessionIndicators:
    """What is carried from bar to bar: the last closes, and the session's sums of price × volume and of volume.

    SMA9 is the mean of the last nine closes, also across sessions. VWAP begins anew with each session: the sum of
    typical price × volume over the sum of volume, where the typical price is (high + low + close) / 3.
    """

    closes: tuple[float, ...] = ()
    session: date | None = None
    traded: float = 0.0
    volume: float = 0.0

    def after(self, bar: MinuteBar, session: date) -> "SessionIndicators":
        """Return what is carried after `bar`, of the session of that date."""
        began = self if session == self.session else replace(self, session=session, traded=0.0, volume=0.0)
        typical = (bar.high + bar.low + bar.close) / 3
        return SessionIndicators(
            closes=(*began.closes, bar.close)[-WINDOW:],
            session=session,
            traded=began.traded + typical * bar.volume,
            volume=began.volume + bar.volume,
        )

    @property
    def sma9(self) -> float | None:
        """The mean of the last nine closes, correctly rounded but for the division; None before the ninth."""
        return fsum(self.closes) / WINDOW if len(self.closes) == WINDOW else None

    @property
    def vwap(self) -> float | None:
        """The session's VWAP; None before any volume."""
        return self.traded / self.volume if self.volume else None
