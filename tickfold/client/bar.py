"""A bar of the feed, as the client hands it out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tickfold.protocol import PushedBar, SymbolBars

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Bar:
    """A bar and its indicators: `time` is its start in UTC, prices are in dollars, `volume` is in shares.

    `sequence` is its number in its series: 1, 2, 3 … `sma9` is None for the first eight bars of a series, `vwap`
    before any volume of the session.
    """

    sequence: int
    time: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float
    sma9: float | None
    vwap: float | None


def bars_in(message: SymbolBars) -> Iterator[Bar]:
    """Yield the bars of `message`, each with its number."""
    return (_bar(message.first + at, bar) for at, bar in enumerate(message.bars))


def _bar(sequence: int, pushed: PushedBar) -> Bar:
    return Bar(sequence, **pushed._asdict() | {"time": _EPOCH + timedelta(milliseconds=pushed.time)})
