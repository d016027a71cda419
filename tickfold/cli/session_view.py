"""The session of a symbol in the terminal: its price with SMA9 and VWAP, as it grows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from tickfold.cli.line_chart import Line, line_chart
from tickfold.cli.times import ZONE_NAME, in_words, local
from tickfold.protocol.formats import count, counted, decimals_of, percent

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from tickfold.client import Bar
    from tickfold.protocol import FeedSymbol

LOST: Final = "connection lost, reconnecting"
_STEP = timedelta(minutes=1)
_LATE = timedelta(minutes=2)
"""From when on the age of the last bar is shown."""
_LONGEST_LAG = timedelta(minutes=15)
"""Bars that are older when they come are replayed, and have no lag."""
_DAY, _TIME = "%Y-%m-%d", "%H:%M"
_BESIDE_CHART = 7
"""Rows of header, volume, axis, labels, legend, status, and the cursor's."""


class SessionView:
    """The bars of the session that the last one is in: those of one UTC day, as the sessions of all markets are."""

    def __init__(self, symbol: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Begin without bars; `clock` tells the time."""
        self.symbol = symbol
        self.bars: list[Bar] = []
        self.missed = 0
        self.is_connected = True
        self._clock = clock
        self._of_feed: FeedSymbol | None = None
        self._lag: timedelta | None = None
        self._since: datetime | None = None

    def describe(self, of_feed: "FeedSymbol | None") -> None:
        """Show what the feed knows of the symbol; None if it does not fetch it any more."""
        self._of_feed = of_feed

    def add(self, bar: "Bar", *, is_live: bool) -> None:
        """Append `bar`; `is_live` says that it comes as soon as it was stored."""
        if self.bars and self.bars[-1].time.date() != bar.time.date():
            self.bars.clear()
        self.bars.append(bar)
        now, end = self._clock(), bar.time + _STEP
        self._lag = now - end if is_live and timedelta(0) <= now - end < _LONGEST_LAG else None
        self._since = now if is_live else end

    def drawn(self, width: int, height: int, rows: int) -> "RenderableType":
        """Return the session in at most `width` columns and `height` rows, its chart in at most `rows` of them."""
        from rich.console import Group  # noqa: PLC0415 - slow to load
        from rich.text import Text  # noqa: PLC0415

        if not self.bars:
            return Group(Text(f"{self.symbol}: waiting for the first bar", style="bold"), self._status())
        header = self._header()
        wrapped = len(header) // width * 2  # by words, it may take more rows than it fills
        if len(self.bars) > 1:
            body = self._chart(width, max(min(rows, height - _BESIDE_CHART - wrapped), 2))
        else:
            body = Text("the chart begins with the second bar of the session", style="dim")
        return Group(header, body, self._status())

    def _header(self) -> "Text":
        from rich.text import Text  # noqa: PLC0415 - slow to load

        last, opened, now = self.bars[-1], self.bars[0].open, self._clock()
        change, places = last.close - opened, self._decimals()
        sign, style = ("+", "green") if change >= 0 else ("", "red")
        text = Text(f"{self.symbol} ", style="bold").append(f"{last.close:,.{places}f}", style="bold")
        text.append(f"  {sign}{change:z,.{places}f} ({sign}{percent(change / opened)})", style=style)
        text.append(f"  volume {count(sum(bar.volume for bar in self.bars))}")
        end = last.time + _STEP
        form = _TIME if local(end, _DAY) == local(now, _DAY) else f"{_DAY} {_TIME}"
        text.append(f"  {local(end, form)} {ZONE_NAME}", style="dim")
        if self._lag is not None:
            text.append(f"  lag {self._lag.total_seconds():.1f} s", style="dim")
        if self._of_feed and self._of_feed.provider:
            text.append(f"  {self._of_feed.provider}", style="dim")
        return text

    def _chart(self, width: int, rows: int) -> "Text":
        bars = self.bars
        rises = bars[-1].close >= bars[0].open
        lines = [
            Line("price", [bar.close for bar in bars], "green" if rises else "red"),
            Line("SMA9", [bar.sma9 for bar in bars], "yellow"),
            Line("VWAP", [bar.vwap for bar in bars], "magenta"),
        ]
        ends = bars[0].time, bars[len(bars) // 2].time, bars[-1].time + _STEP
        labels = [local(time, _TIME) for time in ends]
        volumes = [bar.volume for bar in bars]
        return line_chart(lines, labels, width, rows=rows, decimals=self._decimals(), volumes=volumes)

    def _status(self) -> "Text":
        from rich.text import Text  # noqa: PLC0415 - slow to load

        parts = [] if self.is_connected else [LOST]
        if self._since and (age := self._clock() - self._since) > _LATE:
            parts.append(f"last bar {in_words(age)} ago")
        if self.missed:
            parts.append(f"{counted(self.missed, 'bar')} left out: only the data lake has them")
        if self._of_feed is None:
            parts.append(f"the feed does not fetch {self.symbol}")
        return Text("  ".join(parts), style="yellow")

    def _decimals(self) -> int:
        """Return the decimals of the session's closes, two at least."""
        return max(decimals_of(bar.close) for bar in self.bars)
