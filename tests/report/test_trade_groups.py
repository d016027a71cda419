"""Trades told apart by side and by how they ended."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.report.conftest import recorded
from tickfold.backtests.recorded_run import ClosedTrades, RecordedRun
from tickfold.engine.bars import Bars
from tickfold.report.trade_groups import Group, by_exit, by_side, held


def frame(trades: ClosedTrades) -> pd.DataFrame:
    names = ("side", "pnl", "trade_return", "bars", "exit_reason")
    return pd.DataFrame({name: getattr(trades, name) for name in names})


def assert_same(group: Group, some: pd.DataFrame) -> None:
    assert group.trades == len(some) > 0
    assert group.win_rate == pytest.approx((some.pnl > 0).mean(), rel=1e-12)
    assert group.pnl == pytest.approx(some.pnl.sum(), rel=1e-12)
    assert group.average_return == pytest.approx(some.trade_return.mean(), rel=1e-12)
    assert group.average_bars == pytest.approx(some.bars.mean(), rel=1e-12)


def test_sides_of_golden_run_match_pandas(golden_run: RecordedRun) -> None:
    trades, found = frame(golden_run.trades), by_side(golden_run.trades)
    assert_same(found["Long"], trades[trades.side == 1])
    assert_same(found["Short"], trades[trades.side == -1])
    assert_same(found["Both"], trades)
    assert found["Both"].pnl == pytest.approx(golden_run.curve.equity[-1] - 10_000, rel=1e-9)


def test_exit_reasons_match_pandas(goog: Bars) -> None:
    run = recorded(goog, strategy="sma_cross", stop_loss=0.05, take_profit=0.2, max_bars=15)
    trades, found = frame(run.trades), by_exit(run.trades)
    assert set(found) == set(trades.exit_reason) >= {"signal", "stop_loss", "take_profit", "max_bars"}
    for reason, group in found.items():
        assert_same(group, trades[trades.exit_reason == reason])


def test_side_without_trades_has_no_averages(golden_run: RecordedRun) -> None:
    nothing = golden_run.trades[np.array([], dtype=np.int64)]
    group = by_side(nothing)["Long"]
    assert (group.trades, group.pnl) == (0, 0.0)
    assert math.isnan(group.win_rate)
    assert math.isnan(group.average_return)
    assert math.isnan(group.average_bars)
    assert by_exit(nothing) == {}


def test_held_counts_closes(golden_run: RecordedRun) -> None:
    shares = pd.Series(golden_run.curve.shares)
    share = held([golden_run.curve])
    assert share == {"Long": (shares > 0).mean(), "Short": (shares < 0).mean(), "Both": (shares != 0).mean()}
    assert share["Long"] > share["Short"] > 0


def test_held_of_several_symbols_counts_the_bars_of_all(golden_run: RecordedRun) -> None:
    idle = replace(golden_run.curve, shares=np.zeros(len(golden_run.curve)))
    half = {side: share / 2 for side, share in held([golden_run.curve]).items()}
    assert held([golden_run.curve, idle]) == pytest.approx(half)
