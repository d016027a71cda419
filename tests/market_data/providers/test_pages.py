"""Pages of bars: order, repeats, conflicts, whole bars, and the dates of daily bars."""

import logging
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.market_data.providers.sessions import microseconds, when
from tickfold.engine.bars import Bars, join
from tickfold.market_data.providers.failures import UnavailableError
from tickfold.market_data.providers.pages import at_dates, bars_of, in_order, ordered, whole
from tickfold.market_data.providers.provider import BarRequest

START = datetime(2024, 3, 8, 14, 30, tzinfo=UTC)
HOUR = BarRequest("GOOG", "1m", START, START + timedelta(hours=1))


def bars(minutes: list[int], closes: list[float] | None = None) -> Bars:
    """Return bars at minutes after the start, whose closes are the minutes unless given."""
    times = np.array([microseconds(START + timedelta(minutes=each)) for each in minutes], dtype=np.int64)
    values = np.array(closes if closes is not None else minutes, dtype=np.float64)
    return Bars(times, values, values, values, values, values)


def minutes_of(page: Bars) -> list[int]:
    return [(when(each) - START) // timedelta(minutes=1) for each in page.timestamp]


@given(st.lists(st.tuples(st.integers(0, 20), st.floats(1, 9)), max_size=40))
def test_in_order_keeps_the_last_of_each_time(rows: list[tuple[int, float]]) -> None:
    found, conflicts = in_order(bars([minute for minute, _ in rows], [close for _, close in rows]))
    last = dict(rows)
    assert minutes_of(found) == sorted(last)
    assert found.close.tolist() == [last[minute] for minute in sorted(last)]
    values = {minute: {close for each, close in rows if each == minute} for minute in last}
    assert conflicts == sum(len(closes) > 1 for closes in values.values())


@given(
    st.lists(st.integers(-5, 70), unique=True, max_size=40),
    st.integers(-90, 90),
    st.integers(0, 3_600),
)
def test_whole_returns_what_begins_and_ends_in_the_range(minutes: list[int], start: int, seconds: int) -> None:
    first = START + timedelta(seconds=start)
    request = BarRequest("GOOG", "1m", first, first + timedelta(seconds=seconds))
    expected = [m for m in minutes if m * 60 >= start and m * 60 + 60 <= start + seconds]
    assert minutes_of(whole(bars(minutes), request)) == expected


@given(st.lists(st.integers(0, 59), unique=True, min_size=1).map(sorted), st.data())
def test_ordered_joins_pages_that_overlap(minutes: list[int], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(minutes)), max_size=4)))
    edges = [0, *cuts, len(minutes)]
    overlap = data.draw(st.integers(0, 1))
    pages = [bars(minutes[max(a - (overlap if b > a else 0), 0) : b]) for a, b in pairwise(edges)]
    found = list(ordered("acme", HOUR, pages))
    assert minutes_of(join(found)) == minutes
    assert all(len(page) for page in found)


def test_ordered_refuses_pages_that_go_back() -> None:
    with pytest.raises(UnavailableError, match="not in time order"):
        list(ordered("acme", HOUR, [bars([5, 6]), bars([1, 2])]))


def test_ordered_logs_how_many_bars_had_two_values(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    (found,) = ordered("acme", HOUR, [bars([1, 2, 1, 2], [1.0, 2.0, 1.5, 2.0])])
    assert found.close.tolist() == [1.5, 2.0]
    assert [record.getMessage() for record in caplog.records] == ["acme sent 1 bars of GOOG twice, with two values"]


@pytest.mark.parametrize(
    ("columns", "error"),
    [
        ([[1.0], [1.0], [1.0], [1.0], [None]], ValueError),
        ([[1.0], [1.0], [1.0], [float("nan")], [1.0]], ValueError),
        ([[1.0], [1.0], [1.0], ["1,5"], [1.0]], ValueError),
        ([[1.0], [1.0], [1.0], [1.0], []], ValueError),
        ([[1.0], [1.0], [1.0], [1.0], [{}]], TypeError),
    ],
)
def test_bars_of_columns_that_are_no_numbers_is_an_error(columns: list[list[object]], error: type[Exception]) -> None:
    with pytest.raises(error):
        bars_of(np.array([0], dtype=np.int64), columns)


def test_bars_of_reads_numbers_in_text() -> None:
    found = bars_of(np.array([0], dtype=np.int64), [["1.0"], ["2.5000"], ["0.5"], ["1e0"], ["1234567"]])
    assert (found.high[0], found.volume[0]) == (2.5, 1_234_567.0)


@pytest.mark.parametrize(
    ("time", "zone", "date"),
    [
        ("2024-03-08T05:00Z", "America/New_York", "2024-03-08"),
        ("2024-03-11T04:00Z", "America/New_York", "2024-03-11"),
        ("2024-03-11T03:59Z", "America/New_York", "2024-03-10"),
        ("2024-01-07T23:00Z", "Australia/Sydney", "2024-01-08"),
        ("2024-06-30T23:00Z", "Europe/London", "2024-07-01"),
        ("1969-12-31T14:30Z", "America/New_York", "1969-12-31"),
    ],
)
def test_at_dates_is_midnight_utc_of_the_date_in_the_zone(time: str, zone: str, date: str) -> None:
    timestamp = np.array([microseconds(datetime.fromisoformat(time))], dtype=np.int64)
    assert when(at_dates(timestamp, ZoneInfo(zone))[0]) == datetime.fromisoformat(f"{date}T00:00Z")
