"""The session of a symbol in the terminal: what the header, the chart and the status say."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from tickfold.cli.session_view import SessionView
from tickfold.client import Bar
from tickfold.protocol import FeedSymbol

OPEN = datetime(2026, 1, 30, 14, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GOOG = FeedSymbol(
    symbol="GOOG", market="XNYS", timeframe="1m", last_bar=None, sequence=3, provider="alpaca", quarantined=0
)


class Clock:
    def __init__(self, now: datetime = OPEN + 10 * MINUTE) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def bar(number: int, close: float = 100.0, *, time: datetime | None = None, volume: float = 1_000.0) -> Bar:
    begins = time or OPEN + (number - 1) * MINUTE
    return Bar(number, begins, 100.0, close + 1, close - 1, close, volume, None, close)


def view_of(*closes: float, clock: Clock | None = None, is_live: bool = False) -> SessionView:
    view = SessionView("GOOG", clock or Clock(OPEN + len(closes) * MINUTE))
    view.describe(GOOG)
    for number, close in enumerate(closes, 1):
        view.add(bar(number, close), is_live=is_live)
    return view


def shown(view: SessionView, width: int = 100, height: int = 40, rows: int = 8) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=width, height=height).print(view.drawn(width, height, rows))
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_header_tells_price_change_volume_and_time() -> None:
    assert shown(view_of(101.5, 102.25))[0] == ("GOOG 102.25  +2.25 (+2.25 %)  volume 2,000  09:32 New York  alpaca")
    assert shown(view_of(101.5, 99.0))[0].startswith("GOOG 99.00  -1.00 (-1.00 %)  volume")
    assert shown(view_of(101.5, 100.0))[0].startswith("GOOG 100.00  +0.00 (+0.00 %)  volume")


def test_header_tells_the_day_if_it_is_not_today() -> None:
    assert "2026-01-30 09:31 New York" in shown(view_of(101.5, clock=Clock(OPEN + timedelta(days=3))))[0]


def test_price_has_the_decimals_that_it_is_given_in() -> None:
    view = SessionView("EUR/USD", Clock())
    view.describe(GOOG)
    view.add(Bar(1, OPEN, 1.08, 1.09, 1.07, 1.08431, 0.0, None, None), is_live=False)
    assert shown(view)[0].startswith("EUR/USD 1.08431  +0.00431 (+0.40 %)  volume 0")


@pytest.mark.parametrize(
    ("late", "is_live", "lag"),
    [
        (timedelta(seconds=4.25), True, "lag 4.2 s"),
        (timedelta(seconds=4.25), False, None),
        (timedelta(days=300), True, None),
        (timedelta(seconds=-5), True, None),
    ],
)
def test_lag_is_of_bars_that_come_live(late: timedelta, is_live: bool, lag: str | None) -> None:
    header = shown(view_of(101.0, clock=Clock(OPEN + MINUTE + late), is_live=is_live))[0]
    assert ("lag" in header) == (lag is not None)
    assert lag is None or lag in header


def test_chart_shows_price_indicators_and_times() -> None:
    view = SessionView("GOOG", Clock())
    view.describe(GOOG)
    for number in range(1, 21):
        sma9 = 95.0 + number if number >= 9 else None
        view.add(Bar(number, OPEN + number * MINUTE, 100, 130, 90, 100 + number, 500, sma9, 105), is_live=False)
    lines = shown(view)
    assert lines[-2].strip() == "━ price 120.00   ━ SMA9 115.00   ━ VWAP 105.00"
    assert lines[-3].split() == ["09:31", "09:41", "09:51"]
    assert len(lines) == 1 + 8 + 1 + 1 + 1 + 1 + 1  # header, chart, volumes, axis, times, legend, status
    assert any("\u2800" < dots <= "\u28ff" for dots in lines[4])


@pytest.mark.parametrize(("width", "height"), [(40, 14), (60, 12), (100, 24), (30, 18)])
def test_session_fits_into_the_terminal(width: int, height: int) -> None:
    view = view_of(*(100.0 + at / 7 for at in range(200)))
    lines = shown(view, width, height, rows=60)
    assert len(lines) < height
    assert max(map(len, lines)) <= width


def test_another_day_begins_another_session() -> None:
    view = view_of(101.0, 102.0)
    view.add(bar(3, 105.0, time=OPEN + timedelta(days=3)), is_live=True)
    assert [each.sequence for each in view.bars] == [3]
    assert "the chart begins with the second bar of the session" in shown(view)


def test_symbol_without_bars_waits() -> None:
    view = SessionView("GOOG", Clock())
    view.describe(GOOG)
    assert shown(view) == ["GOOG: waiting for the first bar", ""]


def test_status_tells_what_is_wrong() -> None:
    clock = Clock(OPEN + MINUTE)
    view = view_of(101.0, clock=clock)
    assert shown(view)[-1] == ""
    clock.now += 2 * MINUTE
    assert shown(view)[-1] == ""
    clock.now += MINUTE
    assert shown(view)[-1] == "last bar 3 min ago"
    view.is_connected, view.missed = False, 2
    view.describe(None)
    assert shown(view, width=200)[-1] == (
        "connection lost, reconnecting  last bar 3 min ago  2 bars left out: only the data lake has them  "
        "the feed does not fetch GOOG"
    )


@pytest.mark.parametrize(
    ("age", "words"), [({"minutes": 119}, "119 min"), ({"hours": 17}, "17 h"), ({"days": 3}, "3 days")]
)
def test_age_of_the_last_bar_is_in_words(age: dict[str, Any], words: str) -> None:
    view = view_of(101.0, clock=Clock(OPEN + MINUTE + timedelta(**age)))
    assert shown(view)[-1] == f"last bar {words} ago"


def test_replayed_bar_is_as_old_as_it_is_here() -> None:
    clock = Clock(OPEN + timedelta(days=300))
    view = view_of(101.0, clock=clock, is_live=True)
    assert shown(view)[-1] == ""
    clock.now += 5 * MINUTE
    assert shown(view)[-1] == "last bar 5 min ago"
