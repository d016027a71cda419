"""Long and short trades told apart."""

import math

import numpy as np
import pandas as pd
import pytest

from tickfold.report.side_table import by_side
from tickfold.storage.recorded_run import RecordedRun


def test_each_side_of_the_golden_run_is_what_pandas_says(golden_run: RecordedRun) -> None:
    trades = pd.DataFrame({name: getattr(golden_run.trades, name) for name in ("side", "pnl", "trade_return", "bars")})
    found = by_side(golden_run.curve, golden_run.trades)
    for name, chosen in (("Long", trades.side == 1), ("Short", trades.side == -1), ("Both", trades.side != 0)):
        some = trades[chosen]
        assert found[name].trades == len(some) > 0
        assert found[name].win_rate == pytest.approx((some.pnl > 0).mean(), rel=1e-12)
        assert found[name].pnl == pytest.approx(some.pnl.sum(), rel=1e-12)
        assert found[name].average_return == pytest.approx(some.trade_return.mean(), rel=1e-12)
        assert found[name].average_bars == pytest.approx(some.bars.mean(), rel=1e-12)
    assert found["Both"].pnl == pytest.approx(golden_run.curve.equity[-1] - 10_000, rel=1e-9)
    assert found["Long"].held + found["Short"].held == pytest.approx(found["Both"].held)


def test_a_side_without_trades_has_no_averages(golden_run: RecordedRun) -> None:
    nothing = golden_run.trades[np.array([], dtype=np.int64)]
    side = by_side(golden_run.curve, nothing)["Long"]
    assert (side.trades, side.pnl) == (0, 0.0)
    assert math.isnan(side.win_rate)
    assert math.isnan(side.average_return)
    assert math.isnan(side.average_bars)
