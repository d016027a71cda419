"""What is odd about bars: gaps beyond what the market leaves out anyhow, and moves that look like a split."""

import numpy as np
import pandas as pd
import pytest

from tickfold.engine.arrays import Floats
from tickfold.engine.bars import Bars
from tickfold.engine.calendar import SessionCalendar
from tickfold.market_data.inspection import find_gaps, find_jumps, largest_first

WEEKDAYS, EVERY_DAY = SessionCalendar(), SessionCalendar(week=7)
NEW_YORK = SessionCalendar("America/New_York")


def bars_of(index: pd.DatetimeIndex, prices: Floats | None = None) -> Bars:
    values = np.full(len(index), 10.0) if prices is None else prices
    return Bars(np.asarray(index.as_unit("us").asi8, dtype=np.int64), values, values, values, values, values)


def gaps(
    index: pd.DatetimeIndex, timeframe: str, calendar: SessionCalendar = WEEKDAYS
) -> list[tuple[str, str, int, str]]:
    found = find_gaps(bars_of(index), timeframe, calendar)
    return [
        (f"{pd.Timestamp(gap.after, unit='us')}", f"{pd.Timestamp(gap.before, unit='us')}", gap.missing, gap.unit)
        for gap in found
    ]


def minutes(*days: str, opens: str = "14:30", closes: str = "14:59") -> pd.DatetimeIndex:
    sessions = [pd.date_range(f"{day} {opens}", f"{day} {closes}", freq="1min") for day in days]
    return sessions[0].append(sessions[1:])


@pytest.mark.parametrize(
    ("index", "timeframe", "calendar"),
    [
        pytest.param(pd.bdate_range("2024-01-01", "2024-12-31"), "1d", WEEKDAYS, id="weekends"),
        pytest.param(
            pd.bdate_range("2024-01-01", "2024-12-31").drop(["2024-12-25", "2024-12-26"]), "1d", WEEKDAYS, id="holidays"
        ),
        pytest.param(pd.date_range("2024-01-01", periods=90), "1d", EVERY_DAY, id="around the clock"),
        pytest.param(pd.date_range("2024-01-31", periods=24, freq="ME"), "1mo", WEEKDAYS, id="months"),
        pytest.param(pd.date_range("2024-01-31", periods=8, freq="QE"), "3mo", WEEKDAYS, id="quarters"),
        pytest.param(
            pd.date_range("2024-01-05", periods=24, freq="W-FRI") - pd.to_timedelta([0, 1] * 12, unit="D"),
            "1w",
            WEEKDAYS,
            id="weeks that end on Thursday or Friday",
        ),
        pytest.param(pd.bdate_range("2024-01-01", "2024-12-31")[::3], "3d", WEEKDAYS, id="3 sessions"),
        pytest.param(minutes("2024-01-02", "2024-01-03", "2024-01-05", "2024-01-08"), "1m", NEW_YORK, id="minutes"),
    ],
)
def test_weekends_holidays_and_months_are_no_gaps(
    index: pd.DatetimeIndex, timeframe: str, calendar: SessionCalendar
) -> None:
    assert gaps(index, timeframe, calendar) == []


def test_gaps_are_counted_in_what_is_missing_the_longest_first() -> None:
    days = pd.bdate_range("2024-01-01", "2024-12-31")
    kept = days[(days < "2024-02-05") | (days > "2024-02-09")]
    kept = kept[(kept < "2024-05-06") | (kept > "2024-05-31")]
    assert gaps(kept, "1d") == [
        ("2024-05-03 00:00:00", "2024-06-03 00:00:00", 20, "bars"),
        ("2024-02-02 00:00:00", "2024-02-12 00:00:00", 5, "bars"),
    ]


@pytest.mark.parametrize(
    ("index", "timeframe", "calendar", "gap"),
    [
        (
            pd.DatetimeIndex(["2024-01-01", "2024-01-02", "2024-01-04"]),
            "1d",
            EVERY_DAY,
            ("2024-01-02 00:00:00", "2024-01-04 00:00:00", 1, "bars"),
        ),
        (
            pd.date_range("2024-01-31", periods=9, freq="ME").delete([4, 5]),
            "1mo",
            WEEKDAYS,
            ("2024-04-30 00:00:00", "2024-07-31 00:00:00", 2, "bars"),
        ),
        (
            pd.date_range("2024-01-05", periods=9, freq="W-FRI").delete([4]),
            "1w",
            WEEKDAYS,
            ("2024-01-26 00:00:00", "2024-02-09 00:00:00", 1, "bars"),
        ),
        (
            pd.DatetimeIndex(["2024-03-08", "2024-03-15", "2024-03-28", "2024-04-05"]),  # Good Friday is the 29th
            "1w",
            WEEKDAYS,
            ("2024-03-15 00:00:00", "2024-03-28 00:00:00", 1, "bars"),
        ),
        (
            minutes("2024-01-02", "2024-01-03", "2024-01-10", "2024-01-11"),
            "1m",
            NEW_YORK,
            ("2024-01-03 14:59:00", "2024-01-10 14:30:00", 4, "sessions"),
        ),
        (
            minutes("2024-01-02", "2024-01-03", "2024-01-04").delete(range(40, 46)),
            "1m",
            NEW_YORK,
            ("2024-01-03 14:39:00", "2024-01-03 14:46:00", 6, "bars"),
        ),
    ],
)
def test_gap(
    index: pd.DatetimeIndex, timeframe: str, calendar: SessionCalendar, gap: tuple[str, str, int, str]
) -> None:
    assert gaps(index, timeframe, calendar) == [gap]


def test_break_of_every_session_is_no_gap() -> None:
    days = [f"2024-01-{day:02}" for day in (9, 10, 11, 12)]
    morning, afternoon = minutes(*days, opens="00:00", closes="02:29"), minutes(*days, opens="03:30", closes="06:00")
    assert gaps(morning.append(afternoon).sort_values(), "1m", WEEKDAYS) == []


@pytest.mark.parametrize(
    ("before", "after", "split"),
    [
        (100, 25, "4:1"),
        (100, 26, "4:1"),
        (100, 50, "2:1"),
        (100, 66.7, "3:2"),
        (1, 10, "1:10"),
        (2_000, 100, "20:1"),
        (100, 57, None),
        (100, 9_000, None),
    ],
)
def test_jump_is_named_by_the_split_that_it_looks_like(before: float, after: float, split: str | None) -> None:
    prices = np.array([before, before, after, after], dtype=np.float64)
    (jump,) = find_jumps(bars_of(pd.date_range("2024-01-01", periods=4), prices))
    assert pd.Timestamp(jump.time, unit="us") == pd.Timestamp("2024-01-03")
    assert jump.split == split
    assert jump.change == pytest.approx(after / before - 1, rel=1e-12)


def test_usual_moves_are_no_jumps_and_the_largest_is_first() -> None:
    prices = np.array([100, 120, 90, 130, 30, 29, 60], dtype=np.float64)
    found = find_jumps(bars_of(pd.date_range("2024-01-01", periods=7), prices))
    assert [(jump.close, jump.open) for jump in found] == [(90, 130), (130, 30), (29, 60)]
    assert [(jump.close, jump.open) for jump in largest_first(found)] == [(130, 30), (29, 60), (90, 130)]
    assert largest_first([]) == []
