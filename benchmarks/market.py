"""The synthetic market that all contenders trade: minute bars of a random walk, in a Parquet file."""

import json
import sys
from pathlib import Path

import numpy as np

from tickfold.engine.bars import Bars
from tickfold.market_data import bar_store

DECIMALS = 4
_MINUTE = 60_000_000
_FIRST = 1_577_836_800_000_000  # 2020-01-01
_SEED = 7


def walk(count: int) -> Bars:
    """Return `count` minute bars around 100 dollars, on a grid of 0.0001, so that averages seldom tie."""
    rng = np.random.default_rng(_SEED)
    close = 1_000_000 + np.cumsum(rng.integers(-200, 201, count))
    open_ = close + rng.integers(-100, 101, count)
    high = np.maximum(open_, close) + rng.integers(0, 100, count)
    low = np.minimum(open_, close) - rng.integers(0, 100, count)
    dollars = {"open": open_, "high": high, "low": low, "close": close}
    return Bars(
        timestamp=_FIRST + _MINUTE * np.arange(count),
        **{name: ticks / 10.0**DECIMALS for name, ticks in dollars.items()},
        volume=rng.integers(100, 10_000, count).astype(np.float64),
        decimals=DECIMALS,
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(bar_store.encode(walk(int(sys.argv[2]))))
    print(json.dumps(None))
