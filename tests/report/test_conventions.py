"""The arithmetic convention against the figures that empyrical and quantstats give, and against pandas."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tickfold.backtests.recorded_run import RecordedRun
from tickfold.engine.calendar import SessionCalendar
from tickfold.report.conventions import Arithmetic, arithmetic, arithmetic_of


def test_golden_curve_matches_empyrical_and_quantstats(golden_run: RecordedRun) -> None:
    found = arithmetic(golden_run.curve.timestamp, golden_run.curve.capital, golden_run.curve.equity)
    assert (round(found.sharpe, 4), round(found.sortino, 4), round(found.volatility, 4)) == (0.7984, 1.2058, 0.2949)
    assert found.periods == 252


def test_minute_bars_are_measured_by_day() -> None:
    minutes = pd.date_range("2024-03-01", periods=40 * 1440, freq="min", tz="UTC")
    equity = 1e4 * np.exp(np.random.default_rng(7).normal(0, 1e-3, len(minutes)).cumsum())
    returns = pd.Series(equity, index=minutes).resample("D").last().pct_change().dropna()
    found = arithmetic(minutes.as_unit("us").asi8, equity[0], equity)
    assert found.periods == 365  # bars on weekends too
    assert found.volatility == pytest.approx(returns.std() * 365**0.5, rel=1e-12)
    assert found.sharpe == pytest.approx(returns.mean() / returns.std() * 365**0.5, rel=1e-12)
    downside = (returns.clip(upper=0) ** 2).mean() ** 0.5
    assert found.sortino == pytest.approx(returns.mean() / downside * 365**0.5, rel=1e-12)


def test_sessions_and_their_number_are_those_of_the_calendar_that_is_given() -> None:
    minutes = pd.date_range("2024-03-01", periods=40 * 24, freq="h", tz="UTC")
    equity = 1e4 * np.exp(np.random.default_rng(7).normal(0, 1e-3, len(minutes)).cumsum())
    ends = pd.Series(equity, index=minutes + pd.Timedelta(hours=7)).resample("D").last()  # sessions from 17:00
    returns = ends.pct_change().dropna()
    found = arithmetic(minutes.as_unit("us").asi8, equity[0], equity, calendar=SessionCalendar("UTC", 17 * 60, 5))
    assert found.periods == 252
    assert found.volatility == pytest.approx(returns.std() * 252**0.5, rel=1e-12)


def test_run_is_measured_by_its_own_sessions_and_periods(golden_run: RecordedRun) -> None:
    hours = np.arange(len(golden_run.curve), dtype=np.int64) * 3_600_000_000
    curve = replace(golden_run.curve, timestamp=hours)

    def found(sessions: str, periods: float) -> Arithmetic:
        metrics = golden_run.result.metrics | {"periods_per_year": periods}
        result = golden_run.result.model_copy(update={"sessions": sessions, "metrics": metrics})
        return arithmetic_of(replace(golden_run, curve=curve, result=result))

    evening = SessionCalendar("America/New_York", 18 * 60, 5)
    assert found(str(evening), 252) == arithmetic(hours, curve.capital, curve.equity, 252, evening)
    assert found(str(evening), 252).volatility != found("24/7", 252).volatility
    assert found("", 365) == arithmetic(hours, curve.capital, curve.equity)


@pytest.mark.parametrize("equity", [[100.0], [100.0, 110.0], [100.0, 0.0, 50.0]])
def test_short_or_ruined_curve_is_undefined(equity: list[float]) -> None:
    timestamp = np.arange(len(equity)) * 86_400_000_000
    found = arithmetic(timestamp, equity[0], np.array(equity))
    assert np.isnan([found.sharpe, found.sortino, found.volatility]).all()
