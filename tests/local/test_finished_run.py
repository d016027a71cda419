"""A run on this machine is told apart from others by its id."""

import re
from datetime import UTC, datetime

import pandas as pd

import tickfold as tf
from tickfold.backtests.planning import Range
from tickfold.local.finished_run import manifest_of
from tickfold.local.market import read_market


def test_runs_of_the_same_moment_have_different_ids(goog_frame: pd.DataFrame) -> None:
    config, series = tf.backtest(goog_frame).config, read_market(goog_frame, "GOOG", None, {}).series
    begun = datetime(2026, 1, 31, 12, tzinfo=UTC)
    ids = {manifest_of(config, [Range(series, 0, series.bars)], begun).run_id for _ in range(2)}
    assert len(ids) == 2
    assert all(re.fullmatch("goog-buy_and_hold-20260131T120000-[0-9a-f]{6}", run_id) for run_id in ids)
