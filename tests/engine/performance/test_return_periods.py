"""Return periods: how many a year has, for bars of any step and week, held to what pandas counts."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.engine.random_runs import PROPERTY
from tickfold.engine.accounting.account import Account
from tickfold.engine.backtest import backtest
from tickfold.engine.bars import Bars
from tickfold.engine.calendar import bar_step, infer_calendar
from tickfold.engine.performance.metrics import Metrics
from tickfold.engine.performance.return_periods import return_periods
from tickfold.strategies import BUILT_IN


def days(step: str, periods: int = 300, start: str = "2015-01-01", **more: str) -> pd.DatetimeIndex:
    return pd.date_range(start, periods=periods, freq=step, **more)


def per_year(index: pd.DatetimeIndex) -> float:
    timestamp = index.as_unit("us").asi8
    return return_periods(timestamp, infer_calendar(timestamp), bar_step(timestamp)).per_year


def held(index: pd.DatetimeIndex) -> Metrics:
    """Buy and hold on a random walk, bought at the first close and never sold."""
    close = 100 * np.exp(np.random.default_rng(1).normal(0, 0.01, len(index)).cumsum())
    bars = Bars(index.as_unit("us").asi8, close, close, close, close, np.ones(len(index)))
    return backtest(bars, BUILT_IN.create("buy_and_hold", {}), Account(1e4, fractional_shares=True)).metrics


SUNDAY_TO_FRIDAY = pd.offsets.CustomBusinessDay(weekmask="Sun Mon Tue Wed Thu Fri")
SUNDAY_TO_THURSDAY = pd.offsets.CustomBusinessDay(weekmask="Sun Mon Tue Wed Thu")


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (days("D"), 365),
        (days("B"), 252),
        (days(SUNDAY_TO_FRIDAY), 312),
        (days(SUNDAY_TO_THURSDAY), 252),
        (days("2B"), 126),
        (days("3B"), 84),
        (days("2D"), 365.25 / 2),
        (days("3D"), 121.75),
        (days("10D"), 36.525),
        (days("30D"), 365.25 / 30),
        (days("W-FRI"), 52),
        (days("2W"), 26),
        (days("4W"), 13),
        (days("MS"), 12),
        (days("ME"), 12),
        (days("BME"), 12),
        (days("SME"), 24),
        (days("2MS"), 6),
        (days("QS"), 4),
        (days("QE"), 4),
        (days("BQE"), 4),
        (days("6MS"), 2),
        (days("YS", 50), 1),
        (days("YE", 50), 1),
        (days("BYE", 50), 1),
        (days("MS", 3, "2015-01-01"), 12),
        (days("ME", 3, "2015-01-31"), 12),
        (days("B", 4), 252),
        (days("D", 14), 365),
    ],
    ids=str,
)
def test_periods_per_year(index: pd.DatetimeIndex, expected: float) -> None:
    # Half-month bars have no convention: 24 a year is what they come to.
    assert per_year(index) == pytest.approx(expected, rel=5e-3 if expected == 24 else 1e-12)


def test_daily_bars_with_holidays_and_a_year_missing_are_daily() -> None:
    every = days("B", 1_500)
    rng = np.random.default_rng(3)
    some = every[(rng.random(len(every)) > 0.04) & (every.year != 2017)]
    assert per_year(some) == 252


CONVENTIONS = {252, 312, 365, 126, 84, 63, 52, 26, 13, 12, 6, 4, 2, 1}


@PROPERTY
@given(st.integers(0, 10_000), st.integers(4, 40))
def test_irregular_bars_are_counted(seed: int, longest: int) -> None:
    """Without a convention: as many bars a year as there are, so that buy and hold's annual return is its CAGR."""
    steps = np.random.default_rng(seed).integers(1, longest + 1, 60)
    index = pd.DatetimeIndex(pd.Timestamp("2015-01-01") + pd.to_timedelta(np.cumsum(steps), unit="D"))
    found = held(index)
    assume(found.periods_per_year not in CONVENTIONS)
    assert found.periods_per_year == pytest.approx(365.25 * 59 / (index[-1] - index[0]).days, rel=1e-12)
    assert found.annual_return == pytest.approx(found.cagr, rel=1e-9)


@pytest.mark.parametrize("step", ["2D", "3D", "5D", "10D"])
def test_annual_return_of_buy_and_hold_is_its_cagr(step: str) -> None:
    found = held(days(step))
    assert found.annual_return == pytest.approx(found.cagr, rel=1e-9)


@pytest.mark.parametrize(
    ("step", "zone", "shift"), [("1h", "UTC", 0), ("15min", "UTC", 0), ("1h", "America/New_York", 7)]
)
def test_returns_are_those_of_sessions(step: str, zone: str, shift: int) -> None:
    """Around the clock, sessions are UTC days; of a market of weekdays that opens at 17:00 New York, its own."""
    index = pd.date_range("2024-01-01", "2024-12-31", freq=step, tz=zone)
    if shift:
        hour = index.hour + 24 * index.day_of_week
        index = index[(hour < 4 * 24 + 17) | (hour >= 6 * 24 + 17)]
    close = 100 * np.exp(np.random.default_rng(2).normal(0, 0.001, len(index)).cumsum())
    bars = Bars(index.tz_convert("UTC").as_unit("us").asi8, close, close, close, close, np.ones(len(index)))
    outcome = backtest(bars, BUILT_IN.create("buy_and_hold", {}), Account(1e4, fractional_shares=True))
    clock = pd.Series(outcome.statement.equity, index=index.tz_localize(None) + pd.Timedelta(hours=shift))
    returns = clock.groupby(clock.index.date).last().pct_change().dropna()
    periods = 252 if shift else 365
    growth = (1 + returns).prod() ** (1 / len(returns))
    assert outcome.metrics.periods_per_year == periods
    assert outcome.metrics.annual_return == pytest.approx(growth**periods - 1, rel=1e-9)
    variance = returns.var()
    volatility = ((variance + growth**2) ** periods - growth ** (2 * periods)) ** 0.5
    assert outcome.metrics.annual_volatility == pytest.approx(volatility, rel=1e-9)
