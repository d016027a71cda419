"""Monthly returns against pandas, and where pandas has no opinion."""

import math

import numpy as np
import pandas as pd
import pytest

from tickfold.backtests.recorded_run import RecordedRun
from tickfold.engine.arrays import Floats, Ints
from tickfold.report.monthly_returns import monthly_returns


def microseconds(*times: str) -> Ints:
    return np.array(times, dtype="datetime64[us]").astype(np.int64)


def by_pandas(timestamp: Ints, equity: Floats, frequency: str) -> "pd.Series[float]":
    curve = pd.Series(equity, index=pd.to_datetime(timestamp, unit="us"))
    last = curve.resample(frequency).last().dropna()
    changes = last.pct_change()
    changes.iloc[0] = last.iloc[0] / curve.iloc[0] - 1
    return changes


def test_returns_of_golden_run_match_pandas(golden_run: RecordedRun) -> None:
    timestamp, equity = golden_run.curve.timestamp, golden_run.curve.equity
    years = monthly_returns(timestamp, equity, equity[0])
    months = {(year.year, at): change for year in years for at, change in enumerate(year.months, 1)}
    expected = {(at.year, at.month): change for at, change in by_pandas(timestamp, equity, "ME").items()}
    assert {at: change for at, change in months.items() if not math.isnan(change)} == pytest.approx(expected, rel=1e-12)
    totals = {at.year: change for at, change in by_pandas(timestamp, equity, "YE").items()}
    assert {year.year: year.total for year in years} == pytest.approx(totals, rel=1e-12)


def test_months_compound_to_year(golden_run: RecordedRun) -> None:
    for year in monthly_returns(golden_run.curve.timestamp, golden_run.curve.equity, golden_run.curve.capital):
        assert np.nanprod(1 + np.array(year.months)) - 1 == pytest.approx(year.total, abs=1e-12)


def test_move_across_empty_months_belongs_to_next_month() -> None:
    timestamp = microseconds("2024-01-02", "2024-01-31", "2024-04-15")
    (year,) = monthly_returns(timestamp, np.array([100.0, 110.0, 121.0]), 100.0)
    assert year.months[0] == pytest.approx(0.1)
    assert np.isnan(year.months[1:3]).all()
    assert year.months[3] == pytest.approx(0.1)
    assert np.isnan(year.months[4:]).all()


def test_month_ends_at_midnight_utc() -> None:
    timestamp = microseconds("2023-12-31T23:59:59.999999", "2024-01-01")
    before, after = monthly_returns(timestamp, np.array([100.0, 150.0]), 100.0)
    assert (before.year, before.months[11], before.total) == (2023, 0.0, 0.0)
    assert (after.year, after.months[0], after.total) == (2024, 0.5, 0.5)


def test_return_from_nothing_is_undefined() -> None:
    timestamp = microseconds("2024-01-01", "2024-01-31", "2024-02-01")
    (year,) = monthly_returns(timestamp, np.array([100.0, 0.0, 50.0]), 100.0)
    assert year.months[0] == -1.0
    assert np.isnan(year.months[1])
