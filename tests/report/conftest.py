"""Runs as the report gets them: made by the engine, written as the reducer writes them, and read back."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from tests.engine.conftest import goog
from tickfold.backtests import results
from tickfold.backtests.planning import account_of, orders_of
from tickfold.backtests.recorded_run import RecordedRun, decode_curve, decode_trades
from tickfold.engine.backtest import backtest
from tickfold.engine.bars import Bars
from tickfold.protocol import BacktestConfig, Result
from tickfold.storage import parquet
from tickfold.strategies import BUILT_IN

__all__ = ["goog"]


def recorded(bars: Bars, *, symbol: str = "GOOG", capital: float = 10_000, **wanted: object) -> RecordedRun:
    """Run what `wanted`, fields of BacktestConfig, asks for over all of `bars`."""
    first, last = (date.fromisoformat(str(bars.timestamp[at].astype("datetime64[us]"))[:10]) for at in (0, -1))
    config = BacktestConfig.model_validate(
        {"stock": symbol, "start_date": first, "end_date": last, "start_capital": capital} | wanted
    )
    strategy = BUILT_IN.create(config.strategy, config.parameters)
    outcome = backtest(bars, strategy, account_of(config), orders_of(config))
    trades = results.trades_table(symbol, outcome.statement.trades, results.times_of(bars, outcome.statement.trades))
    return RecordedRun(
        config=config,
        created_at=datetime(2026, 11, 21, 12, tzinfo=UTC),
        result=Result(
            run_id="goog-sma_cross-20261121T120000-abc123",
            symbol=symbol,
            timeframe="1d",
            start=config.start_date,
            end=config.end_date,
            bars=len(bars),
            strategy=config.strategy,
            parameters=strategy.model_dump(),
            chunks=7,
            replayed_bars=185,
            metrics=results.defined(outcome.metrics.as_dict()),
            execution_arn="arn:aws:states:us-east-1:000000000000:execution:tickfold-dev:goog",
            trades_uri="s3://bucket/trades.parquet",
            equity_uri="s3://bucket/equity.parquet",
            duration_seconds=4.04,
        ),
        curve=decode_curve(parquet.encode(results.equity_table(bars, outcome.statement)), config.start_capital),
        trades=decode_trades(parquet.encode(trades)),
    )


@pytest.fixture(scope="session")
def golden_run(goog: Bars) -> RecordedRun:
    return recorded(goog, strategy="sma_cross", parameters={"fast": 10, "slow": 30})


@pytest.fixture(scope="session")
def minutes() -> Bars:
    """A million synthetic minutes."""
    close = np.round(100 * np.exp(np.random.default_rng(1).normal(0, 5e-4, 1_000_000).cumsum()), 4)
    timestamp = 1_600_000_020_000_000 + np.arange(len(close)) * 60_000_000
    return Bars(timestamp, close, close, close, close, np.ones(len(close)), decimals=4)
