"""Series of a random walk in the data lake, and configs that run over them."""

from datetime import date, timedelta
from typing import Any

import numpy as np

from tickfold.engine.bars import Bars
from tickfold.engine.calendar import MICROSECONDS_PER_DAY
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.corporate_actions import CorporateAction, CorporateActions
from tickfold.market_data.series import Series, utc
from tickfold.protocol import BacktestConfig, SweepConfig
from tickfold.storage.bucket import Bucket

DAYS = 600
FIRST = 10_957 * MICROSECONDS_PER_DAY  # 2000-01-01


def walk(seed: int, days: int = DAYS) -> Bars:
    """Return daily bars from 2000-01-01 on, in cents."""
    rng = np.random.default_rng(seed)
    close = (10_000 + rng.integers(-200, 201, days).cumsum()) / 100
    open_ = np.roll(close, 1)
    open_[0] = close[0]
    high, low = np.maximum(open_, close) + 0.5, np.minimum(open_, close) - 0.5
    times = FIRST + MICROSECONDS_PER_DAY * np.arange(days)
    return Bars(times, open_, high.round(2), low.round(2), close, np.full(days, 100.0))


def load(bucket: Bucket, symbol: str, bars: Bars) -> Series:
    """Put a daily series into the lake."""
    return BarStore(bucket.s3, bucket.name).put(symbol, "1d", bars, "a random walk")


def load_raw(bucket: Bucket, symbol: str, bars: Bars, *actions: CorporateAction) -> Series:
    """Put a daily series of raw bars into the lake, as a fetch does, with its splits and dividends beside them."""
    listed = CorporateActions(date(2000, 1, 1), date(2003, 1, 1), sorted(actions))
    series = Series(symbol=symbol, timeframe="1d", source="alpaca", files=[], adjustment="raw", actions=listed)
    found = BarStore(bucket.s3, bucket.name).fill(series, bars, (utc(FIRST), utc(FIRST) + timedelta(days=len(bars))))
    assert found
    return found


def config(stock: Any = "WALK", **more: Any) -> BacktestConfig:
    """Return the config of a run over 2000-03-01 to 2001-06-30."""
    return BacktestConfig.model_validate(_request(stock) | {"parameters": {"fast": 3, "slow": 9}} | more)


def sweep_config(**more: Any) -> SweepConfig:
    """Return the config of a sweep of six sets, of which the strategy accepts five."""
    grid = {"parameters": {"fast": [3, 5, 9], "slow": [9, 20]}}
    return SweepConfig.model_validate(_request("WALK") | grid | more)


def _request(stock: Any) -> dict[str, Any]:
    return {
        "stock": stock,
        "timeframe": "1d",
        "startDate": "2000-03-01",
        "endDate": "2001-06-30",
        "startCapital": 10_000,
        "strategy": "sma_cross",
        "commission": {"perTrade": 1},
    }
