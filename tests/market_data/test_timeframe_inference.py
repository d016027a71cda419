"""The timeframe of bars: inferred for every step and market week, and held against one that is given."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tickfold.market_data.bar_table import BarFileError
from tickfold.market_data.date_notation import Times
from tickfold.market_data.timeframe_inference import infer_timeframe, settle_timeframe

FILE = Path("bars.csv")


def at(*times: str) -> Times:
    return np.array(times, dtype="datetime64[us]").astype(np.int64)


def times(index: pd.DatetimeIndex) -> Times:
    return np.asarray(index.as_unit("us").asi8, dtype=np.int64)


def every(step: str, count: int = 40, start: str = "2019-01-01") -> pd.DatetimeIndex:
    return pd.date_range(start, periods=count, freq=step)


def sessions(start: str = "2018-01-01", end: str = "2021-12-31") -> pd.DatetimeIndex:
    """Weekdays without a few holidays, Good Fridays among them."""
    closed = pd.to_datetime(["2018-03-30", "2018-12-25", "2019-04-19", "2019-12-25", "2020-01-01", "2020-04-10"])
    return pd.bdate_range(start, end).difference(closed)


def last_of(period: str) -> pd.DatetimeIndex:
    """The last session of each week, month or quarter."""
    days = sessions()
    return pd.DatetimeIndex(days.to_series().groupby(days.to_period(period)).max())


def first_of(period: str) -> pd.DatetimeIndex:
    days = sessions()
    return pd.DatetimeIndex(days.to_series().groupby(days.to_period(period)).min())


def market_hours(step: str, opens: str = "09:30", closes: str = "15:59") -> pd.DatetimeIndex:
    days = [pd.date_range(f"{day:%Y-%m-%d} {opens}", f"{day:%Y-%m-%d} {closes}", freq=step) for day in sessions()[:10]]
    return days[0].append(days[1:])


def illiquid(step: str, share: float, count: int = 2_000) -> pd.DatetimeIndex:
    """Bars of `step`, of which only a `share` traded."""
    return every(step, count)[np.random.default_rng(3).random(count) < share]


@pytest.mark.parametrize(
    ("index", "timeframe"),
    [
        pytest.param(every("10s"), "10s", id="seconds"),
        pytest.param(market_hours("1min"), "1m", id="minutes of an exchange"),
        pytest.param(market_hours("1h"), "1h", id="hours from the opening at half past"),
        pytest.param(market_hours("4h"), "4h", id="two bars a session"),
        pytest.param(every("4h"), "4h", id="4 h around the clock"),
        pytest.param(every("12h"), "12h", id="12 h around the clock"),
        pytest.param(illiquid("1min", 0.7), "1m", id="minutes, 70 % traded"),
        pytest.param(illiquid("1min", 0.1), "1m", id="minutes, 10 % traded"),
        pytest.param(illiquid("5min", 0.3), "5m", id="5 minutes, 30 % traded"),
        pytest.param(illiquid("1h", 0.4), "1h", id="hours, 40 % traded"),
        pytest.param(every("1D"), "1d", id="days around the clock"),
        pytest.param(sessions(), "1d", id="sessions"),
        pytest.param(sessions()[np.random.default_rng(5).random(len(sessions())) < 0.3], "1d", id="30 % of sessions"),
        pytest.param(every("2D"), "2d", id="2 days around the clock"),
        pytest.param(every("3D"), "3d", id="3 days around the clock"),
        pytest.param(every("10D"), "10d", id="10 days around the clock"),
        pytest.param(every("28D"), "4w", id="4 weeks"),
        pytest.param(every("30D"), "30d", id="30 days are no month"),
        pytest.param(sessions()[::2], "2d", id="2 sessions"),
        pytest.param(sessions()[::3], "3d", id="3 sessions"),
        pytest.param(every("W-SUN"), "1w", id="weeks"),
        pytest.param(last_of("W-FRI"), "1w", id="last sessions of weeks"),
        pytest.param(every("2W-MON"), "2w", id="2 weeks"),
        pytest.param(every("ME"), "1mo", id="month ends"),
        pytest.param(every("BME"), "1mo", id="business month ends"),
        pytest.param(every("MS"), "1mo", id="first of months"),
        pytest.param(last_of("M"), "1mo", id="last sessions of months"),
        pytest.param(first_of("M"), "1mo", id="first sessions of months"),
        pytest.param(every("ME").delete([5, 11]), "1mo", id="months, two of them missing"),
        pytest.param(every("MS") + pd.Timedelta(days=14), "1mo", id="15th of months"),
        pytest.param(every("2ME"), "2mo", id="2 months"),
        pytest.param(every("QE"), "3mo", id="quarter ends"),
        pytest.param(every("QS"), "3mo", id="first of quarters"),
        pytest.param(last_of("Q"), "3mo", id="last sessions of quarters"),
        pytest.param(every("YE", 8), "12mo", id="year ends"),
        pytest.param(every("YS", 8), "12mo", id="first of years"),
        pytest.param(every("MS").append(pd.DatetimeIndex(["2022-04-17"])), "1mo", id="months, the last unfinished"),
        pytest.param(every("W-MON").append(pd.DatetimeIndex(["2019-10-09"])), "1w", id="weeks, the last unfinished"),
    ],
)
def test_timeframe_is_inferred(index: pd.DatetimeIndex, timeframe: str) -> None:
    assert infer_timeframe(times(index)) == timeframe


def test_hours_that_begin_half_an_hour_after_the_opening_are_hours() -> None:
    index = market_hours("1h", "10:00", "15:59")
    opening = pd.DatetimeIndex([day + pd.Timedelta("9.5h") for day in sessions()[:10]])
    assert infer_timeframe(times(index.append(opening).sort_values())) == "1h"


def test_one_stray_bar_is_not_the_timeframe() -> None:
    stray = pd.DatetimeIndex(["2019-01-01 00:20:30"])
    assert infer_timeframe(times(every("1min", 60).append(stray).sort_values())) == "1m"


def test_illiquid_minutes_of_which_most_are_two_apart_are_minutes() -> None:
    minutes = (30, 32, 34, 35, 37, 39, 42, 44, 45, 47, 49, 51, 56, 58)
    assert infer_timeframe(at(*(f"2020-01-02T14:{minute}" for minute in minutes))) == "1m"


def test_dates_are_those_of_the_clock_of_the_file() -> None:
    local = every("MS").tz_localize("America/New_York")
    utc = times(local.tz_convert("UTC").tz_localize(None))
    assert infer_timeframe(utc, times(local.tz_localize(None))) == "1mo"
    tokyo = every("MS").tz_localize("Asia/Tokyo")
    assert settle_timeframe(FILE, times(tokyo.tz_convert(None)), None, times(tokyo.tz_localize(None))) == ("1mo", [])


def test_months_that_begin_at_midnight_of_new_york_are_months_in_utc() -> None:
    local = every("MS", 12).tz_localize("America/New_York")
    assert infer_timeframe(times(local.tz_convert(None))) == "1mo"
    assert infer_timeframe(times(local[4:].tz_convert(None))) == "1mo"


@pytest.mark.parametrize(
    ("index", "timeframe"),
    [
        (at("2000-01-31", "2000-02-29", "2000-04-30"), "1mo"),
        (at("2021-01-01", "2022-01-01", "2023-01-01", "2024-01-01"), "12mo"),
        (at("2020-03-05T05:00", "2020-03-06T05:00", "2020-03-09T04:00", "2020-03-10T04:00"), "1d"),
        (at("2019-03-31", "2019-06-30", "2019-09-30"), "3mo"),
        (at("2019-01-01", "2019-02-01", "2019-03-01"), "1mo"),
        (at("2020-01-03", "2020-01-06"), "1d"),
        (at("2020-01-03T16:00", "2020-01-06T16:00"), "1d"),
    ],
)
def test_timeframe_of_few_bars_is_assumed_from_their_dates(index: Times, timeframe: str) -> None:
    note = f"too few bars to be sure of their timeframe: taken as {timeframe}"
    assert settle_timeframe(FILE, index, None) == (timeframe, [note])


@pytest.mark.parametrize(
    "index", [at("2020-01-03T16:00", "2020-01-06T13:00"), at("2020-01-03T16:00:00.1", "2020-01-03T16:00:00.2")]
)
def test_few_bars_that_suggest_nothing_require_a_timeframe(index: Times) -> None:
    with pytest.raises(BarFileError, match="say with --timeframe which it is"):
        settle_timeframe(FILE, index, None)


@pytest.mark.parametrize(
    ("index", "given", "reason"),
    [
        (every("ME"), "1m", r"its bars look like 1mo \(2019-01-31, 2019-02-28, 2019-03-31 …\): leave --timeframe out"),
        (every("1D"), "1h", r"its bars look like 1d \(2019-01-01, "),
        (every("1min"), "1d", r"look like 1m \(2019-01-01T00:00:00, 2019-01-01T00:01:00, "),
        (every("W-FRI"), "1d", "look like 1w"),
        (every("30D"), "1mo", "look like 30d"),
        (every("1D", 2), "1m", "its bars are days apart, all at one time of the day"),
        (every("1min", 2), "1d", "2019-01-01 has more than one bar"),
        (every("1min", 2), "1h", "some of its bars are only 60 s apart"),
    ],
)
def test_timeframe_that_contradicts_the_bars_is_refused(index: pd.DatetimeIndex, given: str, reason: str) -> None:
    with pytest.raises(BarFileError, match=f"bars.csv: timeframe {given} was given, but .*{reason}"):
        settle_timeframe(FILE, times(index), given)


@pytest.mark.parametrize(
    ("index", "given", "canonical"),
    [
        (every("ME"), "1M", "1mo"),
        (every("QE"), "quarterly", "3mo"),
        (every("YE", 8), "1y", "12mo"),
        (every("1min"), "60s", "1m"),
        (every("1D"), "24h", "1d"),
    ],
)
def test_other_spellings_are_taken_and_named(index: pd.DatetimeIndex, given: str, canonical: str) -> None:
    note = f"timeframe {given} is written {canonical}"
    assert settle_timeframe(FILE, times(index), given) == (canonical, [note])


@pytest.mark.parametrize(
    ("index", "given"), [(every("2min", 3), "1m"), (every("1D", 1), "1m"), (every("3D", 3), "1w"), (every("QE"), "3mo")]
)
def test_timeframe_that_the_bars_allow_is_taken(index: pd.DatetimeIndex, given: str) -> None:
    assert settle_timeframe(FILE, times(index), given) == (given, [])
