"""The folding of a run as a loop: any parts, any steps and any repetition give the files and the result of one pass."""

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.backtests.lake import config, load, sweep_config, walk
from tests.backtests.records import begin
from tests.backtests.test_reduction import in_one_pass, in_range, planned, published, table
from tickfold.backtests.conclusion import conclude_run
from tickfold.backtests.finished import Finished
from tickfold.backtests.finished_chunks import FinishedChunks
from tickfold.backtests.folding import parts_of
from tickfold.backtests.live_curve import POINTS_A_PIECE
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.reduction import Reduction
from tickfold.backtests.run_archive import read_run
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.protocol import Config, Result, dump
from tickfold.storage import layout
from tickfold.storage.bucket import Bucket
from tickfold.strategies import BUILT_IN

CHUNKS = 9
ASKED = config(chunks=CHUNKS, stopLoss="1%", trailingStop="2%", commission=0.001)


@pytest.fixture
def manifest(bucket: Bucket, runs: RunLifecycle) -> Manifest:
    begin(runs, request=dump(ASKED))
    return planned(bucket, ASKED, [load(bucket, "WALK", walk(1))])


def files(bucket: Bucket, prefix: str) -> dict[str, bytes]:
    found = bucket.s3.list_objects_v2(Bucket=bucket.name, Prefix=prefix).get("Contents", [])
    return {each["Key"]: bucket.get(each["Key"]) for each in found}


def results(bucket: Bucket) -> dict[str, bytes]:
    return files(bucket, layout.EQUITY) | files(bucket, layout.TRADES)


def rows(bucket: Bucket, prefix: str) -> dict[str, list[Any]]:
    """Return the columns of all files under `prefix`, in the order of their parts."""
    found = sorted(files(bucket, prefix).items(), key=lambda item: item[0].replace(".parquet", ""))
    tables = [pq.read_table(io.BytesIO(body), partitioning=None).to_pydict() for _, body in found]
    return {name: [value for each in tables for value in each[name]] for name in tables[0]}


def test_manifest_cuts_its_chunks_once(bucket: Bucket, manifest: Manifest) -> None:
    """Whoever asks for each of many chunks would cut all of them as many times."""
    (sleeve,) = manifest.sleeves
    assert sleeve.chunks is sleeve.chunks
    assert len(sleeve.chunks) == manifest.chunks == CHUNKS
    manifest.put(bucket)
    assert Manifest.get(bucket, manifest.run_id) == manifest


def reduction(bucket: Bucket, runs: RunLifecycle, manifest: Manifest) -> Reduction:
    """Return the reduction in parts of three chunks."""
    return Reduction(bucket, runs, BUILT_IN, manifest, part_bars=120)


def test_parts_have_so_many_bars_and_the_last_what_is_left() -> None:
    assert parts_of([0, 10], 100) == [range(1)]
    assert parts_of([0, 50, 100, 105], 100) == [range(2), range(2, 3)]
    assert parts_of([0, 300, 301], 100) == [range(1), range(1, 2)]


def finish(bucket: Bucket, runs: RunLifecycle, manifest: Manifest) -> Finished:
    finished = reduction(bucket, runs, manifest).finish()
    assert finished is not None
    return finished


def test_parts_together_equal_one_pass(bucket: Bucket, runs: RunLifecycle, manifest: Manifest) -> None:
    finished = finish(bucket, runs, manifest)
    whole = in_one_pass(ASKED, in_range(walk(1)))
    assert finished.parts == 3
    assert finished.metrics.as_dict() == pytest.approx(whole.metrics.as_dict(), rel=0, abs=0, nan_ok=True)
    equity, trades = rows(bucket, layout.EQUITY), rows(bucket, layout.TRADES)
    for curve in ("equity", "cash", "shares"):
        assert equity[curve] == getattr(whole.statement, curve).tolist()
    closed, timestamp = whole.statement.trades, in_range(walk(1)).timestamp
    assert trades["pnl"] == closed.pnl.tolist()
    for name, bar in (("entry_time", closed.entry_bar), ("exit_time", closed.exit_bar)):
        assert [round(time.timestamp() * 1e6) for time in trades[name]] == timestamp[bar].tolist()
    assert published(runs)[1] == whole.statement.equity.tolist()


def test_a_part_a_step_equals_all_in_one(bucket: Bucket, runs: RunLifecycle, manifest: Manifest) -> None:
    once = finish(bucket, runs, manifest)
    expected = results(bucket)
    for key in [*expected, *files(bucket, layout.checkpoints_prefix("r1", "run"))]:
        bucket.s3.delete_object(Bucket=bucket.name, Key=key)
    steps = [reduction(bucket, runs, manifest).finish(seconds=-1) for _ in range(3)]
    assert steps[:2] == [None, None]
    assert results(bucket) == expected
    assert repr(steps[2]) == repr(once)  # NaN is NaN here


def test_a_step_that_is_repeated_changes_and_publishes_nothing(
    bucket: Bucket, runs: RunLifecycle, manifest: Manifest
) -> None:
    finish(bucket, runs, manifest)
    before, told = files(bucket, layout.DATA), runs.messages_after("r1", 0)
    for known in range(4):  # as if the steps after a checkpoint had never been
        for part in range(known + 1, 4):
            bucket.s3.delete_object(Bucket=bucket.name, Key=layout.checkpoint_key("r1", "run", part))
        finish(bucket, runs, manifest)
        assert files(bucket, layout.DATA) == before
    assert runs.messages_after("r1", 0) == told


def test_equity_is_published_before_the_last_chunk_is_finished(
    bucket: Bucket, runs: RunLifecycle, manifest: Manifest
) -> None:
    missing = layout.chunk_key("r1", "WALK", CHUNKS - 1)
    body = bucket.get(missing)
    bucket.s3.delete_object(Bucket=bucket.name, Key=missing)
    assert not reduction(bucket, runs, manifest).fold_finished()
    assert len(published(runs)[1]) == POINTS_A_PIECE
    assert len(files(bucket, layout.checkpoints_prefix("r1", "run"))) == 2
    bucket.put(missing, body)
    assert reduction(bucket, runs, manifest).fold_finished()
    assert published(runs)[1] == in_one_pass(ASKED, in_range(walk(1))).statement.equity.tolist()


# --- sweeps and universes --------------------------------------------------------------------------------------------

SWEEP = sweep_config(chunks=CHUNKS, stopLoss="1%", trailingStop="2%")
WALK_FORWARD = sweep_config(chunks=CHUNKS, stopLoss="1%", walkForward={"inSample": 200, "outOfSample": 50})
UNIVERSE = config([{"symbol": "A", "share": 0.5}, {"symbol": "WALK", "share": 0.4}], chunks=3, stopLoss="1%")
KINDS = pytest.mark.parametrize("asked", [SWEEP, WALK_FORWARD, UNIVERSE], ids=["sweep", "walk-forward", "universe"])


def folded(bucket: Bucket, runs: RunLifecycle, asked: Config, part_bars: int) -> Reduction:
    """Return the reduction in parts of so many bars; of sets, of 64 times as much work, and of symbols, of 4 times."""
    begin(runs, request=dump(asked))
    series = [load(bucket, each.symbol, walk(len(each.symbol), 560)) for each in asked.allocations]
    return Reduction(bucket, runs, BUILT_IN, planned(bucket, asked, series), part_bars)


def outputs(bucket: Bucket) -> dict[str, bytes]:
    return results(bucket) | files(bucket, layout.EQUITY_BY_SYMBOL) | tables(bucket)


def tables(bucket: Bucket) -> dict[str, bytes]:
    """Return the files that are written once."""
    prefixes = (layout.SWEEPS, layout.WALK_FORWARD, layout.RUNS_BY_SYMBOL)
    return {key: body for prefix in prefixes for key, body in files(bucket, prefix).items()}


def all_rows(bucket: Bucket) -> list[dict[str, list[Any]]]:
    prefixes = [layout.EQUITY, layout.TRADES, layout.EQUITY_BY_SYMBOL]
    return [rows(bucket, prefix) for prefix in prefixes if files(bucket, prefix)]


def told(runs: RunLifecycle) -> list[str]:
    """Return what was published but the progress, which a test's worker does not tell."""
    return sorted(body for body in runs.messages_after("r1", 0) if json.loads(body)["type"] != "progress")


def steps_of(reduction: Reduction) -> tuple[int, Finished]:
    """Reduce a part a step; return the number of steps, and what they come to."""
    steps = 1
    while (finished := reduction.finish(seconds=-1)) is None:
        steps += 1
    return steps, finished


@KINDS
def test_run_in_any_parts_equals_one_in_one(bucket: Bucket, runs: RunLifecycle, asked: Config) -> None:
    whole = folded(bucket, runs, asked, 1_000_000)
    once, expected, said, written = whole.finish(), all_rows(bucket), told(runs), tables(bucket)
    assert once is not None
    for part_bars in (1, 3, 40):
        for key in [*outputs(bucket), *files(bucket, f"{layout.CHUNKS}run_id=r1/checkpoints/")]:
            bucket.s3.delete_object(Bucket=bucket.name, Key=key)
        steps, finished = steps_of(replace(whole, part_bars=part_bars))
        assert steps > 3
        assert all_rows(bucket) == expected
        assert tables(bucket) == written
        assert repr(replace(finished, parts=once.parts)) == repr(once)  # NaN is NaN here
        assert told(runs) == said


@KINDS
def test_run_whose_steps_are_repeated_changes_nothing(bucket: Bucket, runs: RunLifecycle, asked: Config) -> None:
    reduction = folded(bucket, runs, asked, 3)
    finished = repr(reduction.finish())
    before, said = files(bucket, layout.DATA), told(runs)
    checkpoints = sorted(files(bucket, f"{layout.CHUNKS}run_id=r1/checkpoints/"))
    assert len(checkpoints) > 4
    for known in range(len(checkpoints)):  # as if the steps after a checkpoint had never been
        for key in checkpoints[known:]:
            bucket.s3.delete_object(Bucket=bucket.name, Key=key)
        assert repr(reduction.finish()) == finished
        assert files(bucket, layout.DATA) == before
    assert told(runs) == said


@KINDS
def test_run_is_folded_before_its_last_chunk_is_finished(bucket: Bucket, runs: RunLifecycle, asked: Config) -> None:
    reduction = folded(bucket, runs, asked, 3)
    missing = layout.chunk_key("r1", "WALK", len(reduction.manifest.sleeve("WALK").chunks) - 1)
    body = bucket.get(missing)
    bucket.s3.delete_object(Bucket=bucket.name, Key=missing)
    assert not reduction.fold_finished()
    assert len(files(bucket, f"{layout.CHUNKS}run_id=r1/checkpoints/")) >= 2
    bucket.put(missing, body)
    assert reduction.fold_finished()


# --- finished chunks -------------------------------------------------------------------------------------------------


def test_more_chunks_than_a_page_of_keys_are_found(bucket: Bucket) -> None:
    for number in range(1_005):
        bucket.put(layout.chunk_key("r9", "A/B", number), b"")
    bucket.put(layout.chunk_key("r9", "A", 0), b"")
    finished = FinishedChunks(bucket, "r9")
    assert finished.includes("A/B", 1_004)
    assert not finished.includes("A/B", 1_005)
    assert (finished.includes("A", 0), finished.includes("A", 1)) == (True, False)


def test_chunks_after_one_that_is_missing_are_not_finished(bucket: Bucket) -> None:
    for number in (0, 2):
        bucket.put(layout.chunk_key("r9", "A", number), b"")
    finished = FinishedChunks(bucket, "r9")
    assert [finished.includes("A", number) for number in range(3)] == [True, False, False]


def test_only_one_folds_at_a_time(runs: RunLifecycle) -> None:
    with runs.only_one_folds("r1") as first, runs.only_one_folds("r1") as second, runs.only_one_folds("r2") as other:
        assert (first, second, other) == (True, False, True)
    with runs.only_one_folds("r1") as again:
        assert again


def test_one_that_fails_lets_others_fold(runs: RunLifecycle) -> None:
    with pytest.raises(OSError, match="gone"), runs.only_one_folds("r1"):
        raise OSError("gone")
    with runs.only_one_folds("r1") as again:
        assert again


@pytest.mark.parametrize(
    ("chunks", "folds"), [(1, []), (2, []), (3, [1]), (9, [1, 2, 3, 4, 5, 6, 7]), (45, range(2, 44, 3))]
)
def test_finished_chunks_are_folded_some_times(
    bucket: Bucket, runs: RunLifecycle, chunks: int, folds: Sequence[int]
) -> None:
    manifest = planned(bucket, config(chunks=chunks), [load(bucket, "WALK", walk(1))])
    items = json.loads(bucket.get(manifest.put(bucket)))
    assert [item["chunk"] for item in items if item["fold"]] == list(folds)


def test_result_in_parts_is_told_and_read_again(bucket: Bucket, runs: RunLifecycle, manifest: Manifest) -> None:
    conclude_run(bucket, runs, manifest, finish(bucket, runs, manifest))
    result = Result.model_validate(json.loads(runs.messages_after("r1", 0)[-1]))
    assert result.parts == 3
    names = [uri.rpartition("/")[2] for uri in result.all_parts(result.equity_uri)]
    assert names == ["equity.parquet", "equity-00001.parquet", "equity-00002.parquet"]
    recorded = read_run(runs, bucket, "r1")
    whole = in_one_pass(ASKED, in_range(walk(1)))
    assert recorded.curve.equity.tolist() == whole.statement.equity.tolist()
    assert recorded.trades.pnl.tolist() == whole.statement.trades.pnl.tolist()


def test_run_in_one_part_has_one_file_of_each(bucket: Bucket, runs: RunLifecycle, manifest: Manifest) -> None:
    assert Reduction(bucket, runs, BUILT_IN, manifest).finish() is not None
    assert sorted(results(bucket)) == [layout.equity_key("r1"), layout.trades_key("r1")]
    assert len(table(bucket, layout.equity_key("r1"))["equity"]) == 487
