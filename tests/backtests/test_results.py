"""Metrics, trades and curves as JSON and Parquet have them."""

import numpy as np
import pyarrow as pa
from hypothesis import given

from tests.engine.random_runs import PROPERTY, Case, cases, random_strategies
from tickfold.backtests import results


def unwanted(table: pa.Table) -> list[str]:
    """Return the columns that hold a negative zero, NaN or an infinity."""
    columns = {name: np.array(table[name].to_pylist(), dtype=np.float64) for name in table.column_names}
    return [name for name, values in columns.items() if not np.isfinite(values).all() or negative_zeros(values)]


def negative_zeros(values: object) -> bool:
    array = np.asarray(values, dtype=np.float64)
    return bool(((array == 0) & np.signbit(array)).any())


@PROPERTY
@given(cases(random_strategies()))
def test_no_run_stores_negative_zero_nan_or_infinity(case: Case) -> None:
    outcome = case.whole()
    closed = outcome.statement.trades
    trades = results.trades_table("A", closed, results.times_of(case.bars, closed)).select(
        ["quantity", "entry_price", "exit_price", "pnl", "trade_return", "commission"]
    )
    curve = results.equity_table(case.bars, outcome.statement).select(["equity", "cash", "shares", "close"])
    metrics = results.defined(outcome.metrics.as_dict())
    assert unwanted(trades) == unwanted(curve) == []
    known = [value for value in metrics.values() if value is not None]
    assert np.isfinite(known).all()
    assert not negative_zeros(known)


def test_undefined_metrics_are_none() -> None:
    found = results.defined({"sharpe": float("nan"), "sqn": float("inf"), "trades": 0.0, "beta": -1.5})
    assert found == {"sharpe": None, "sqn": None, "trades": 0.0, "beta": -1.5}
