"""A day is a day: bars of a day or longer are kept at the date that their file writes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tickfold.engine.arrays import Floats
from tickfold.engine.bars import Bars
from tickfold.market_data.bar_table import BarFileError
from tickfold.market_data.date_notation import Times
from tickfold.market_data.session_days import at_session_dates

FILE = Path("bars.csv")


def microseconds(index: pd.DatetimeIndex) -> Times:
    return np.asarray(index.as_unit("us").asi8, dtype=np.int64)


def bars_of(local: pd.DatetimeIndex) -> tuple[Bars, Times]:
    """Return bars at the instants of `local`, and the times on its clock."""
    prices: Floats = np.arange(len(local), dtype=np.float64) + 10
    wall = local.tz_localize(None)
    return Bars(microseconds(local.tz_convert("UTC")), prices, prices, prices, prices, prices), microseconds(wall)


def dates(bars: Bars) -> list[str]:
    assert not (bars.timestamp % 86_400_000_000).any()
    return [str(each) for each in bars.timestamp.astype("datetime64[us]").astype("datetime64[D]")]


@pytest.mark.parametrize(
    ("zone", "clock"),
    [
        ("Asia/Tokyo", "00:00"),
        ("America/New_York", "00:00"),
        ("America/New_York", "16:00"),
        ("Pacific/Auckland", "23:59"),
        ("UTC", "22:00"),
    ],
)
def test_bars_are_at_the_dates_of_the_clock_of_their_file(zone: str, clock: str) -> None:
    written = ["2020-03-05", "2020-03-06", "2020-03-09", "2020-03-30"]  # clocks change in between
    local = pd.DatetimeIndex([f"{day} {clock}" for day in written]).tz_localize(zone)
    bars, wall = bars_of(local)
    found, notes = at_session_dates(FILE, bars, wall, "1d")
    assert dates(found) == written
    assert notes == [
        "1d bars belong to dates: times of day and offsets were dropped, the first bar is that of 2020-03-05"
    ]
    assert found.close.tolist() == bars.close.tolist()


def test_dates_stay_as_they_are() -> None:
    bars, wall = bars_of(pd.DatetimeIndex(["2020-01-31", "2020-02-29"]).tz_localize("UTC"))
    assert at_session_dates(FILE, bars, wall, "1mo") == (bars, [])


def test_two_bars_on_one_date_are_refused() -> None:
    local = pd.DatetimeIndex(["2020-01-02 00:00", "2020-01-03 00:00", "2020-01-03 16:00"]).tz_localize("UTC")
    with pytest.raises(BarFileError) as caught:
        at_session_dates(FILE, *bars_of(local), "1d")
    assert str(caught.value) == (
        "bars.csv has more than one 1d bar on a date, first at 2020-01-03T00:00:00 and 2020-01-03T16:00:00; "
        "keep one a date"
    )


@pytest.mark.parametrize(
    ("timeframe", "days", "named"),
    [
        ("1mo", ["2021-04-01", "2021-05-01", "2021-05-07"], "of 2021-05-07, is only 6 days after"),
        ("1w", ["2022-06-13", "2022-06-20", "2022-06-21"], "of 2022-06-21, is only 1 day after"),
    ],
)
def test_row_of_an_unfinished_bar_at_the_end_is_named(timeframe: str, days: list[str], named: str) -> None:
    bars, wall = bars_of(pd.DatetimeIndex(days).tz_localize("UTC"))
    found, (note,) = at_session_dates(FILE, bars, wall, timeframe)
    assert (len(found), named in note) == (3, True)
    assert at_session_dates(FILE, bars[:2], wall[:2], timeframe)[1] == []
    assert at_session_dates(FILE, bars[:1], wall[:1], timeframe)[1] == []
