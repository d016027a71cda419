"""The table of drawdowns against pandas and against the run's metrics."""

import numpy as np
import pandas as pd
import pytest

from tests.report.test_monthly_returns import microseconds
from tickfold.backtests.recorded_run import RecordedRun
from tickfold.engine.bars import MICROSECONDS_PER_DAY
from tickfold.report.drawdown_table import Drawdown, deepest_drawdowns, underwater

DAY = MICROSECONDS_PER_DAY


def test_underwater_matches_pandas(golden_run: RecordedRun) -> None:
    equity = pd.Series(golden_run.curve.equity)
    np.testing.assert_array_equal(underwater(golden_run.curve.equity, 0.0), (equity / equity.cummax() - 1).to_numpy())


def test_drawdowns_of_golden_run_match_pandas(golden_run: RecordedRun) -> None:
    timestamp, equity = golden_run.curve.timestamp, pd.Series(golden_run.curve.equity)
    depth = equity / equity.cummax() - 1
    stretch = (depth == 0).cumsum()  # a peak and the bars below it have one number
    deepest = depth.groupby(stretch).min()
    expected = deepest[deepest < 0].sort_values(kind="stable")
    found = deepest_drawdowns(timestamp, golden_run.curve.equity, 0.0, most=10_000)
    assert [one.depth for one in found] == expected.tolist()
    assert [one.peak for one in found] == [timestamp[(stretch == number).idxmax()] for number in expected.index]
    assert [one.trough for one in found] == [timestamp[depth[stretch == number].idxmin()] for number in expected.index]


def test_drawdowns_match_metrics(golden_run: RecordedRun) -> None:
    found = deepest_drawdowns(golden_run.curve.timestamp, golden_run.curve.equity, 0.0, most=10_000)
    metrics = golden_run.result.metrics
    assert found[0].depth == metrics["max_drawdown"]
    assert max(one.days for one in found) == metrics["max_drawdown_duration"] == 584
    assert np.mean([one.depth for one in found]) == pytest.approx(metrics["average_drawdown"], rel=1e-12)


def test_drawdown_runs_from_peak_to_recovery() -> None:
    equity = np.array([128.0, 112.0, 96.0, 128.0, 256.0, 224.0])
    timestamp = np.arange(len(equity)) * DAY
    assert deepest_drawdowns(timestamp, equity, 0.0) == [
        Drawdown(peak=0, trough=2 * DAY, recovery=3 * DAY, depth=-0.25, days=3.0),
        Drawdown(peak=4 * DAY, trough=5 * DAY, recovery=None, depth=-0.125, days=1.0),
    ]
    assert len(deepest_drawdowns(timestamp, equity, 0.0, most=1)) == 1


def test_equity_that_never_falls_has_no_drawdown() -> None:
    timestamp = microseconds("2024-01-01", "2024-01-02", "2024-01-03")
    assert deepest_drawdowns(timestamp, np.array([1.0, 1.0, 2.0]), 0.0) == []
