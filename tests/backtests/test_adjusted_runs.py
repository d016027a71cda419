"""Runs of raw bars with splits and dividends beside them: adjusted as they are read, the same however they are cut."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal

from tests.backtests.lake import config, load, load_raw, sweep_config, walk
from tests.backtests.records import begin
from tickfold.backtests.chunk_files import ChunkFiles
from tickfold.backtests.finished import Finished, result_of
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.planning import account_of, check, orders_of, plan_sleeves
from tickfold.backtests.reduction import Reduction
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.backtests.simulation import simulate_chunk
from tickfold.engine.backtest import Outcome, backtest
from tickfold.engine.bars import Bars
from tickfold.engine.calendar import MICROSECONDS_PER_DAY, day_number
from tickfold.errors import RunError
from tickfold.market_data.adjustment import adjusted, factors_of
from tickfold.market_data.corporate_actions import CorporateAction, CorporateActions
from tickfold.market_data.series import Series
from tickfold.protocol import Config, Result
from tickfold.storage import layout
from tickfold.storage.bucket import Bucket
from tickfold.strategies import BUILT_IN

START, END = 60, 547
"""The positions of 2000-03-01 and of the day after 2001-06-30 in a series that begins on 2000-01-01."""
EARLIER = CorporateAction(date(2000, 2, 1), "split", 3.0)
SPLIT = CorporateAction(date(2000, 7, 3), "split", 4.0)
PAID = CorporateAction(date(2001, 1, 8), "dividend", 0.7)
LATER = CorporateAction(date(2001, 7, 2), "dividend", 0.9)


def raw_series(bucket: Bucket) -> tuple[Bars, Series]:
    """Return raw bars, which jump at the splits, and their series in the lake."""
    bars = walk(1)
    days = bars.timestamp // MICROSECONDS_PER_DAY
    ratio = np.prod([np.where(days < day_number(each.day), each.value, 1.0) for each in (EARLIER, SPLIT)], axis=0)
    bars = replace(bars, **{name: getattr(bars, name) * ratio for name in ("open", "high", "low", "close")})
    return bars, load_raw(bucket, "WALK", bars, EARLIER, SPLIT, PAID, LATER)


def planned(bucket: Bucket, asked: Config, found: list[Series]) -> Manifest:
    """Return the manifest of a run whose chunks have been simulated, as it is read from its file."""
    manifest = Manifest(
        run_id="r1",
        created_at=datetime(2026, 1, 31, 23, tzinfo=UTC),
        execution_arn="arn",
        config=asked,
        sleeves=plan_sleeves(asked, found, 4, BUILT_IN),
    )
    manifest.put(bucket)
    manifest = Manifest.get(bucket, "r1")
    for sleeve in manifest.sleeves:
        for number in range(len(sleeve.chunks)):
            speculations = simulate_chunk(bucket, BUILT_IN, manifest, sleeve.series.symbol, number)
            assert ChunkFiles(bucket, "r1").put(sleeve.series.symbol, number, speculations)
    return manifest


def reduced(bucket: Bucket, runs: RunLifecycle, manifest: Manifest) -> tuple[Finished, Result]:
    begin(runs)
    finished = Reduction(bucket, runs, BUILT_IN, manifest).finish()
    assert finished is not None
    return finished, result_of(manifest, finished, str)


def in_one_pass(asked: Any, bars: Bars) -> Outcome:
    strategy = BUILT_IN.create(asked.strategy, dict(asked.parameters))
    return backtest(bars, strategy, account_of(asked), orders_of(asked))


def as_adjusted(bars: Bars, *actions: CorporateAction) -> Bars:
    """Return the run's bars of the series, adjusted all at once."""
    return adjusted(bars[START:END], factors_of(actions))


def with_close(action: CorporateAction, bars: Bars) -> CorporateAction:
    return replace(action, close_before=float(bars.close[(action.day - date(2000, 1, 1)).days - 1]))


@pytest.mark.parametrize("chunks", [1, 7, 60])
@pytest.mark.parametrize("adjustment", ["all", "splits", "raw"])
def test_chunked_run_is_the_single_pass_over_bars_that_were_adjusted_first(
    bucket: Bucket, runs: RunLifecycle, adjustment: Any, chunks: int
) -> None:
    bars, series = raw_series(bucket)
    asked = config(adjustment=adjustment, chunks=chunks)
    finished, result = reduced(bucket, runs, planned(bucket, asked, [series]))
    wanted = {"all": [SPLIT, with_close(PAID, bars)], "splits": [SPLIT], "raw": []}[adjustment]
    whole = as_adjusted(bars, *wanted) if wanted else replace(bars[START:END], decimals=2)
    expected = in_one_pass(asked, whole)
    assert finished.metrics == expected.metrics
    table = pq.read_table(io.BytesIO(bucket.get(layout.equity_key("r1")))).to_pydict()
    assert_array_equal(table["equity"], expected.statement.equity)
    assert_array_equal(table["close"], whole.close)
    assert result.adjustment == adjustment
    assert (result.splits, result.dividends) == (SPLIT in wanted, len(wanted) == 2)


def test_sweep_and_walk_forward_see_adjusted_prices(bucket: Bucket, runs: RunLifecycle) -> None:
    bars, series = raw_series(bucket)
    windows = {"inSample": 100, "outOfSample": 50}
    finished, result = reduced(bucket, runs, planned(bucket, sweep_config(chunks=9, walkForward=windows), [series]))
    assert (result.adjustment, result.splits, result.dividends) == ("all", 1, 1)
    table = pq.read_table(io.BytesIO(bucket.get(layout.equity_key("r1")))).to_pydict()
    closes = as_adjusted(bars, SPLIT, with_close(PAID, bars)).close
    assert_array_equal(table["close"], closes[100:][: len(table["close"])])
    assert finished.bars == len(table["close"])


def test_universe_says_how_its_symbols_prices_are_adjusted(bucket: Bucket, runs: RunLifecycle) -> None:
    _, series = raw_series(bucket)
    loaded = load(bucket, "FILE", walk(2))
    _, result = reduced(bucket, runs, planned(bucket, config(["WALK", "FILE"], chunks=5), [series, loaded]))
    assert (result.adjustment, result.splits, result.dividends) == ("mixed", 1, 1)
    assert result.prices == "adjusted for 1 split and 1 dividend"


def test_new_dividends_do_not_change_a_run_that_was_planned_before(bucket: Bucket, runs: RunLifecycle) -> None:
    bars, series = raw_series(bucket)
    asked = config(chunks=7)
    manifest = planned(bucket, asked, [series])
    actions = CorporateActions(date(2000, 1, 1), date(2003, 1, 2), [CorporateAction(date(2003, 1, 2), "dividend", 0.5)])
    later = series.model_copy(update={"actions": actions})
    bucket.put(layout.series_key("WALK", "1d"), later.model_dump_json().encode())
    finished, _ = reduced(bucket, runs, manifest)
    expected = in_one_pass(asked, as_adjusted(bars, SPLIT, with_close(PAID, bars)))
    assert finished.metrics == expected.metrics


def test_run_again_after_a_dividend_beyond_its_days_is_the_same(bucket: Bucket) -> None:
    _, series = raw_series(bucket)
    assert series.actions
    fewer = replace(series.actions, found=[each for each in series.actions.found if each != LATER])
    before = plan_sleeves(config(), [series.model_copy(update={"actions": fewer})], 4, BUILT_IN)
    assert [each.actions for each in before] == [each.actions for each in plan_sleeves(config(), [series], 4, BUILT_IN)]


def test_manifest_of_before_there_were_actions_is_read_and_its_prices_are_as_stored(bucket: Bucket) -> None:
    manifest = planned(bucket, config(chunks=2), [load(bucket, "WALK", walk(1))])
    written = manifest.model_dump(mode="json", by_alias=True)
    del written["config"]["adjustment"]
    for sleeve in written["sleeves"]:
        del sleeve["adjustment"], sleeve["actions"], sleeve["series"]["actions"]
    found = Manifest.model_validate(written)
    assert found == manifest
    assert (found.adjustment, found.adjusted_for("split")) == ("as_loaded", 0)


def test_wrong_adjustment_is_refused_before_anything_is_simulated(bucket: Bucket) -> None:
    loaded = load(bucket, "FILE", walk(1))
    with pytest.raises(RunError, match="FILE 1d has prices of which nobody knows what they are adjusted for: leave"):
        check(config(adjustment="raw"), [loaded], BUILT_IN)
    stored = loaded.model_copy(update={"adjustment": "all"})
    with pytest.raises(RunError, match="FILE 1d has prices adjusted for splits and dividends: leave adjustment raw"):
        check(config(adjustment="raw"), [stored], BUILT_IN)
    _, series = raw_series(bucket)
    assert series.actions
    ruinous = replace(series.actions, found=[replace(PAID, value=1_000.0, close_before=100.0)])
    with pytest.raises(RunError, match=r"prices cannot be adjusted for the dividend of \$1000 on 2001-01-08"):
        check(config(), [series.model_copy(update={"actions": ruinous})], BUILT_IN)
