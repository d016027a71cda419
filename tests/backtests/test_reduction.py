"""From a config to its result: planned, simulated chunk by chunk, reduced; and equal to one pass over all bars."""

import io
import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal

from tests.aws import BUCKET
from tests.backtests.lake import config, load, sweep_config, walk
from tests.backtests.records import NOW, begin
from tickfold.backtests import results
from tickfold.backtests.chunk_files import ChunkFiles
from tickfold.backtests.conclusion import conclude_run
from tickfold.backtests.finished import Finished
from tickfold.backtests.listing import summary
from tickfold.backtests.live_curve import CURVE_POINTS, POINTS_A_PIECE
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.planning import account_of, orders_of, plan_sleeves
from tickfold.backtests.reduction import Reduction
from tickfold.backtests.run_archive import read_run
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.backtests.simulation import simulate_chunk
from tickfold.engine.backtest import Outcome, backtest
from tickfold.engine.bars import Bars, join
from tickfold.engine.performance.benchmark import buy_and_hold
from tickfold.engine.walk_forward import windows
from tickfold.errors import RunError, StrategyFailedError
from tickfold.market_data.series import Series
from tickfold.protocol import BacktestConfig, Cancelled, Config, Result, dump
from tickfold.storage import layout
from tickfold.storage.bucket import Bucket
from tickfold.strategies import BUILT_IN, Registry, Strategy

START, END = 60, 547
"""The positions of 2000-03-01 and of the day after 2001-06-30 in a series that begins on 2000-01-01."""


def planned(bucket: Bucket, asked: Config, found: list[Series], registry: Registry = BUILT_IN) -> Manifest:
    """Return the manifest of a run whose chunks have been simulated."""
    manifest = Manifest(
        run_id="r1",
        created_at=datetime(2026, 1, 31, 23, tzinfo=UTC),
        execution_arn="arn",
        config=asked,
        sleeves=plan_sleeves(asked, found, 4, registry),
    )
    for sleeve in manifest.sleeves:
        symbol = sleeve.series.symbol
        for number in range(len(sleeve.chunks)):
            speculations = simulate_chunk(bucket, registry, manifest, symbol, number)
            assert ChunkFiles(bucket, "r1").put(symbol, number, speculations)
    return manifest


def in_range(bars: Bars) -> Bars:
    return join([bars[START:END]], 2)


def in_one_pass(asked: BacktestConfig, bars: Bars, share: float = 1.0) -> Outcome:
    strategy = BUILT_IN.create(asked.strategy, dict(asked.parameters))
    return backtest(bars, strategy, account_of(asked, share), orders_of(asked))


def table(bucket: Bucket, key: str) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = pq.read_table(io.BytesIO(bucket.get(key)), partitioning=None).to_pydict()
    return columns


def reduce_run(bucket: Bucket, runs: RunLifecycle, registry: Registry, manifest: Manifest) -> Finished:
    """Reduce a run, all of whose chunks are finished, in one step."""
    finished = Reduction(bucket, runs, registry, manifest).finish()
    assert finished is not None
    return finished


def published(runs: RunLifecycle) -> tuple[list[int], list[float], list[float]]:
    """Return times in milliseconds, equity and benchmark of the published curve."""
    pieces = [message for body in runs.messages_after("r1", 0) if (message := json.loads(body))["type"] == "partial"]
    times, equity = zip(*(point for piece in pieces for point in piece["equity"]), strict=True)
    return list(times), list(equity), [dollars for piece in pieces for dollars in piece["buyAndHold"]]


def equal(bucket: Bucket, found: Finished, expected: Outcome) -> None:
    assert table(bucket, layout.equity_key("r1"))["equity"] == expected.statement.equity.tolist()
    assert found.metrics.as_dict() == pytest.approx(expected.metrics.as_dict(), rel=0, abs=0, nan_ok=True)


def test_a_run_of_one_symbol_equals_one_pass(bucket: Bucket, runs: RunLifecycle) -> None:
    asked, bars = config(chunks=5, stopLoss="1%"), walk(1)
    manifest = planned(bucket, asked, [load(bucket, "WALK", bars)])
    whole = in_one_pass(asked, in_range(bars))
    found = reduce_run(bucket, runs, BUILT_IN, manifest)
    equal(bucket, found, whole)
    assert (found.bars, found.symbols, found.parameters) == (END - START, [], {"fast": 3, "slow": 9})
    assert (found.start, found.end) == (asked.start_date, asked.end_date)
    assert found.replayed_bars > 0  # chunks begin with positions open
    assert len(whole.statement.trades) > 20
    equity, trades = table(bucket, layout.equity_key("r1")), table(bucket, layout.trades_key("r1"))
    assert equity["equity"] == whole.statement.equity.tolist()
    assert equity["cash"] == whole.statement.cash.tolist()
    assert equity["shares"] == whole.statement.shares.tolist()
    assert equity["close"] == in_range(bars).close.tolist()
    closed = whole.statement.trades
    assert set(trades["symbol"]) == {"WALK"}
    assert trades["side"] == ["long" if side > 0 else "short" for side in closed.side.tolist()]
    for name in ("quantity", "entry_price", "exit_price", "pnl", "trade_return", "commission"):
        assert trades[name] == getattr(closed, name).tolist()
    assert trades["bars"] == (closed.exit_bar - closed.entry_bar).tolist()
    assert set(trades["exit_reason"]) >= {"signal", "stop_loss"}
    opened = [int(time.timestamp() * 1e6) for time in trades["entry_time"]]
    assert opened == in_range(bars).timestamp[closed.entry_bar].tolist()
    ended = [int(time.timestamp() * 1e6) for time in trades["exit_time"]]
    assert ended == in_range(bars).timestamp[closed.exit_bar].tolist()


def test_a_run_of_several_symbols_settles_each_with_its_share(bucket: Bucket, runs: RunLifecycle) -> None:
    begin(runs)
    asked = config([{"symbol": "A", "share": 0.25}, {"symbol": "B", "share": 0.5}], chunks=3)
    walks = {"A": walk(1), "B": walk(2)}
    manifest = planned(bucket, asked, [load(bucket, symbol, bars) for symbol, bars in walks.items()])
    found = reduce_run(bucket, runs, BUILT_IN, manifest)
    alone = {symbol: in_one_pass(asked, in_range(walks[symbol]), share) for symbol, share in (("A", 0.25), ("B", 0.5))}
    assert [(each.symbol, each.share, each.bars) for each in found.symbols] == [
        ("A", 0.25, END - START),
        ("B", 0.5, END - START),
    ]
    for each in found.symbols:
        metrics = alone[each.symbol].metrics.as_dict()
        assert each.metrics == {name: metrics[name] for name in each.metrics}
        assert list(each.metrics) == ["final_equity", "total_return", "sharpe", "max_drawdown", "trades"]
    assert manifest.uninvested == 2_500
    total = 2_500 + sum(outcome.statement.equity for outcome in alone.values())
    _, equity, _ = published(runs)
    assert equity == pytest.approx(total, rel=1e-12)
    assert found.bars == 2 * (END - START)
    assert (found.start, found.end, found.parameters) == (
        asked.start_date,
        asked.end_date,
        {"fast": 3, "slow": 9},
    )
    trades = table(bucket, layout.trades_key("r1"))
    by_exit = sorted(zip(trades["symbol"], trades["exit_time"], strict=True))  # symbol after symbol
    assert list(zip(trades["symbol"], trades["exit_time"], strict=True)) == by_exit
    assert {symbol: trades["symbol"].count(symbol) for symbol in walks} == {
        symbol: len(outcome.statement.trades) for symbol, outcome in alone.items()
    }
    curve = table(bucket, layout.equity_key("r1"))
    assert curve["equity"] == equity
    assert curve["shares"] == curve["close"] == [None] * (END - START)
    each_own = table(bucket, layout.equity_by_symbol_key("r1"))
    assert each_own["symbol"] == ["A"] * (END - START) + ["B"] * (END - START)
    assert each_own["equity"] == [*alone["A"].statement.equity.tolist(), *alone["B"].statement.equity.tolist()]
    own = table(bucket, layout.runs_by_symbol_key("r1"))
    assert (own["symbol"], own["share"], own["start_capital"]) == (["A", "B"], [0.25, 0.5], [2_500, 5_000])
    assert (own["bars"], own["chunks"]) == ([END - START] * 2, [3, 3])
    assert sum(own["replayed_bars"]) == found.replayed_bars > 0
    assert found.sequential_bars == sum(outcome.statement.sequential_bars for outcome in alone.values())
    assert own["final_equity"] == [outcome.metrics.final_equity for outcome in alone.values()]
    assert [json.loads(text)["beta"] for text in own["metrics"]] == [outcome.metrics.beta for outcome in alone.values()]


def test_a_sweep_ranks_its_sets_and_ends_with_the_best(bucket: Bucket, runs: RunLifecycle) -> None:
    begin(runs)
    asked, bars = sweep_config(chunks=4, rankBy="final_equity"), walk(1)
    manifest = planned(bucket, asked, [load(bucket, "WALK", bars)])
    found = reduce_run(bucket, runs, BUILT_IN, manifest)
    sets: list[dict[str, int | float]] = [
        {"fast": fast, "slow": slow} for fast in (3, 5, 9) for slow in (9, 20) if fast < slow
    ]
    alone = [in_one_pass(asked.run_with(each), in_range(bars)) for each in sets]
    order = sorted(range(5), key=lambda at: -alone[at].metrics.final_equity)
    equal(bucket, found, alone[order[0]])
    assert found.parameters == sets[order[0]]
    assert (found.start, found.end, found.bars) == (asked.start_date, asked.end_date, END - START)
    assert published(runs)[2] == buy_and_hold(in_range(bars).close, 10_000).tolist()
    told = json.loads(runs.messages_after("r1", 2)[0])
    assert (told["type"], told["rankBy"], told["combinations"], told["leftOut"]) == ("sweep", "final_equity", 5, 1)
    assert told["tableUri"] == f"s3://{BUCKET}/{layout.sweep_key('r1')}"
    assert [(row["rank"], row["parameters"]) for row in told["best"]] == [
        (rank, sets[at]) for rank, at in enumerate(order, 1)
    ]
    headline = ["final_equity", "total_return", "sharpe", "max_drawdown", "trades", "win_rate"]
    for row, at in zip(told["best"], order, strict=True):
        metrics = alone[at].metrics.as_dict()
        assert row["metrics"] == {name: metrics[name] for name in headline}
    written = table(bucket, layout.sweep_key("r1"))
    assert written["rank"] == [1, 2, 3, 4, 5]
    assert [json.loads(text) for text in written["parameters"]] == [sets[at] for at in order]
    assert written["beta"] == [alone[at].metrics.beta for at in order]


def test_a_sweep_counts_its_runs_without_trades(bucket: Bucket, runs: RunLifecycle) -> None:
    begin(runs)
    asked = sweep_config(parameters={"fast": [3], "slow": [9, 480, 490, 500]}, chunks=2)
    finished = reduce_run(bucket, runs, BUILT_IN, planned(bucket, asked, [load(bucket, "WALK", walk(1))]))
    sent = json.loads(runs.messages_after("r1", 2)[0])
    assert sent["withoutTrades"]["warm_up"] >= 2
    assert [row.get("noTrades") for row in sent["best"]].count("warm_up") == sent["withoutTrades"]["warm_up"]
    assert table(bucket, layout.sweep_key("r1"))["no_trades"].count("warm_up") == sent["withoutTrades"]["warm_up"]
    assert finished.no_trades is None


def test_a_sweep_tells_the_metric_that_ranks(bucket: Bucket, runs: RunLifecycle) -> None:
    begin(runs)
    manifest = planned(bucket, sweep_config(rankBy="sqn"), [load(bucket, "WALK", walk(1))])
    reduce_run(bucket, runs, BUILT_IN, manifest)
    told = json.loads(runs.messages_after("r1", 2)[0])
    assert next(iter(told["best"][0]["metrics"])) == "sqn"


def test_a_sweep_of_very_many_sets_tells_the_first_fifty(bucket: Bucket, runs: RunLifecycle) -> None:
    begin(runs)
    many = {"parameters": {"fast": {"from": 1, "to": 8, "step": 1}, "slow": {"from": 10, "to": 17, "step": 1}}}
    manifest = planned(bucket, sweep_config(**many, chunks=1), [load(bucket, "WALK", walk(1))])
    reduce_run(bucket, runs, BUILT_IN, manifest)
    told = json.loads(runs.messages_after("r1", 2)[0])
    assert (told["combinations"], [row["rank"] for row in told["best"]]) == (64, list(range(1, 51)))


def test_a_walk_forward_tells_its_windows_and_ends_with_the_run_of_them(bucket: Bucket, runs: RunLifecycle) -> None:
    begin(runs)
    asked, bars = sweep_config(chunks=4, walkForward={"inSample": 200, "outOfSample": 50}), walk(1)
    manifest = planned(bucket, asked, [load(bucket, "WALK", bars)])
    found = reduce_run(bucket, runs, BUILT_IN, manifest)
    cut = windows(END - START, 200, 50)
    own = in_range(bars)
    (told,) = (told for body in runs.messages_after("r1", 2) if (told := json.loads(body))["type"] == "walk_forward")
    assert (told["type"], told["rankBy"], told["combinations"]) == ("walk_forward", asked.rank_by, 5)
    assert (told["leftOut"], told["windows"], told["unusedBars"]) == (1, len(cut), END - START - cut[-1].stop)
    assert told["unusedBars"] == 37
    assert told["tableUri"] == f"s3://{BUCKET}/{layout.walk_forward_key('r1')}"
    assert [row["window"] for row in told["first"]] == list(range(1, len(cut) + 1))
    for row, window in zip(told["first"], cut, strict=True):
        inside, outside = row["inSample"], row["outOfSample"]
        times = [inside["start"], inside["end"], outside["start"], outside["end"]]
        at = [window.start, window.split - 1, window.split, window.stop - 1]
        assert times == (own.timestamp[at] // 1_000).tolist()
    written = table(bucket, layout.walk_forward_key("r1"))
    assert written["window_number"] == [row["window"] for row in told["first"]]
    assert [json.loads(text) for text in written["parameters"]] == [row["parameters"] for row in told["first"]]
    for name, sample in (("in_sample", "inSample"), ("out_of_sample", "outOfSample")):
        assert written[f"{name}_metric"] == [row[sample]["metric"] for row in told["first"]]
        assert written[f"{name}_return"] == [row[sample]["totalReturn"] for row in told["first"]]
    first, last = cut[0].split, cut[-1].stop
    times, equity, market = published(runs)
    assert times == (own.timestamp[first:last] // 1_000).tolist()
    days = [str(np.datetime64(times[at], "ms"))[:10] for at in (0, -1)]
    assert [found.start.isoformat(), found.end.isoformat()] == days
    assert (found.parameters, found.replayed_bars, found.bars) == ({}, 0, last - first)
    assert market == buy_and_hold(own.close[first:last], 10_000).tolist()
    assert table(bucket, layout.equity_key("r1"))["equity"] == equity


# --- conclusion ------------------------------------------------------------------------------------------------------


@pytest.fixture
def concluded(bucket: Bucket, runs: RunLifecycle) -> Manifest:
    """A run of one symbol that has been concluded."""
    asked = config(chunks=5)
    begin(runs, request="{}")
    runs.set("r1", request=dump(asked))
    manifest = planned(bucket, asked, [load(bucket, "WALK", walk(1))])
    conclude_run(bucket, runs, manifest, reduce_run(bucket, runs, BUILT_IN, manifest))
    return manifest


def test_a_concluded_run_has_a_result_a_curve_and_a_row(
    bucket: Bucket, runs: RunLifecycle, concluded: Manifest
) -> None:
    whole = in_one_pass(config(), in_range(walk(1)))
    _, _, *partials, last = (json.loads(body) for body in runs.messages_after("r1", 0))
    result = Result.model_validate(last)
    assert (result.symbol, result.timeframe, result.bars, result.chunks) == ("WALK", "1d", END - START, 5)
    assert (result.strategy, result.parameters) == ("sma_cross", {"fast": 3, "slow": 9})
    assert (result.trades_uri, result.equity_uri) == (
        f"s3://{BUCKET}/{layout.trades_key('r1')}",
        f"s3://{BUCKET}/{layout.equity_key('r1')}",
    )
    assert (result.runs_by_symbol_uri, result.equity_by_symbol_uri, result.symbols) == ("", "", [])
    assert result.metrics == results.defined(whole.metrics.as_dict())
    assert result.duration_seconds == pytest.approx((datetime.now(UTC) - concluded.created_at).total_seconds(), abs=9)
    assert [partial["piece"] for partial in partials] == [1, 2]
    assert {partial["pieces"] for partial in partials} == {2}
    assert len(partials[0]["equity"]) == POINTS_A_PIECE == 400
    points = [point for partial in partials for point in partial["equity"]]
    own = in_range(walk(1))
    assert points == [
        [int(time) // 1_000, dollars] for time, dollars in zip(own.timestamp, whole.statement.equity, strict=True)
    ]
    held = [dollars for partial in partials for dollars in partial["buyAndHold"]]
    market = buy_and_hold(own.close, 10_000)
    assert held == [None if np.isnan(dollars) else dollars for dollars in market]
    row = {name: values[0] for name, values in table(bucket, layout.run_key("r1", concluded.day)).items()}
    assert (row["run_id"], row["symbol"], row["timeframe"], row["strategy"]) == ("r1", "WALK", "1d", "sma_cross")
    assert (json.loads(row["parameters"]), row["start_capital"]) == ({"fast": 3, "slow": 9}, 10_000)
    assert (row["start_date"], row["end_date"]) == (result.start, result.end)
    assert (row["bars"], row["chunks"], row["replayed_bars"]) == (result.bars, 5, result.replayed_bars)
    for name in ("trades", "final_equity", "total_return", "sharpe", "max_drawdown"):
        assert row[name] == result.metrics[name]
    assert (row["created_at"], row["day"]) == (datetime(2026, 1, 31, 23), concluded.day)
    assert (row["duration_seconds"], json.loads(row["metrics"])) == (result.duration_seconds, result.metrics)
    assert CURVE_POINTS == 5_000


def test_run_without_trades_says_why_in_message_record_and_table(bucket: Bucket, runs: RunLifecycle) -> None:
    begin(runs)
    manifest = planned(bucket, config(startCapital=50, chunks=4), [load(bucket, "WALK", walk(1))])
    conclude_run(bucket, runs, manifest, reduce_run(bucket, runs, BUILT_IN, manifest))
    run = runs.get("r1")
    assert run is not None
    result = Result.model_validate_json(run.result or "")
    assert result.no_trades is not None
    assert result.no_trades.cause == "cash"
    assert result.no_trades.reason.startswith("not enough cash for one share: at the first order, filled 2000-")
    recorded = _with_request(runs, manifest.config).get("r1")
    assert recorded is not None
    assert summary(recorded).no_trades == "cash"
    assert table(bucket, layout.run_key("r1", manifest.day))["no_trades"] == [result.no_trades.reason]


def test_symbols_without_trades_say_why_each(bucket: Bucket, runs: RunLifecycle) -> None:
    found = [load(bucket, symbol, walk(seed)) for seed, symbol in enumerate("AB")]
    poor = planned(bucket, config(["A", "B"], startCapital=50), found)
    finished = reduce_run(bucket, runs, BUILT_IN, poor)
    assert [each.no_trades for each in finished.symbols] == ["cash", "cash"]
    assert finished.no_trades is not None
    assert finished.no_trades.reason.startswith("A: not enough cash for one share")
    assert finished.no_trades.reason.endswith("; and 1 more without trades, each with its own cause")
    reasons = table(bucket, layout.runs_by_symbol_key("r1"))["no_trades"]
    assert [reason.partition(":")[0] for reason in reasons] == ["not enough cash for one share"] * 2


def test_one_symbol_with_trades_is_a_run_with_trades(bucket: Bucket, runs: RunLifecycle) -> None:
    found = [load(bucket, symbol, walk(seed)) for seed, symbol in enumerate("AB")]
    shares = [{"symbol": "A", "share": 0.9}, {"symbol": "B", "share": 0.001}]
    finished = reduce_run(bucket, runs, BUILT_IN, planned(bucket, config(shares), found))
    assert [each.no_trades for each in finished.symbols] == [None, "cash"]
    assert finished.no_trades is None


def test_a_run_that_was_cancelled_is_not_concluded(bucket: Bucket, runs: RunLifecycle) -> None:
    begin(runs)
    manifest = planned(bucket, config(chunks=2), [load(bucket, "WALK", walk(1))])
    finished = reduce_run(bucket, runs, BUILT_IN, manifest)
    runs.end("r1", Cancelled())
    conclude_run(bucket, runs, manifest, finished)
    kinds = [json.loads(body)["type"] for body in runs.messages_after("r1", 0)]
    assert kinds == ["accepted", "progress", "partial", "partial", "cancelled"]
    with pytest.raises(Exception, match="NoSuchKey"):
        bucket.get(layout.run_key("r1", manifest.day))


def test_the_result_of_several_symbols_names_their_tables(bucket: Bucket, runs: RunLifecycle) -> None:
    begin(runs)
    found = [load(bucket, symbol, walk(seed)) for seed, symbol in enumerate("AB")]
    manifest = planned(bucket, config(["A", "B"], chunks=2), found)
    conclude_run(bucket, runs, manifest, reduce_run(bucket, runs, BUILT_IN, manifest))
    result = json.loads(runs.messages_after("r1", 0)[-1])
    assert (result["symbol"], [each["symbol"] for each in result["symbols"]]) == ("A,B", ["A", "B"])
    assert result["runsBySymbolUri"] == f"s3://{BUCKET}/{layout.runs_by_symbol_key('r1')}"
    assert result["equityBySymbolUri"] == f"s3://{BUCKET}/{layout.equity_by_symbol_key('r1')}"
    assert (result["bars"], result["chunks"]) == (2 * (END - START), 4)


# --- read back -------------------------------------------------------------------------------------------------------


def test_a_recorded_run_is_what_was_concluded(bucket: Bucket, runs: RunLifecycle, concluded: Manifest) -> None:
    whole = in_one_pass(config(), in_range(walk(1)))
    recorded = read_run(runs, bucket, "r1")
    assert recorded.config == config(chunks=5)
    assert (recorded.result.run_id, recorded.result.symbol) == ("r1", "WALK")
    assert_array_equal(recorded.curve.equity, whole.statement.equity)
    assert_array_equal(recorded.curve.shares, whole.statement.shares)
    assert_array_equal(recorded.curve.close, in_range(walk(1)).close)
    assert_array_equal(recorded.curve.timestamp, in_range(walk(1)).timestamp)
    assert len(recorded.curve) == END - START
    closed = whole.statement.trades
    assert len(recorded.trades) == len(closed)
    assert_array_equal(recorded.trades.side, closed.side)
    assert_array_equal(recorded.trades.pnl, closed.pnl)
    assert_array_equal(recorded.trades.entry_time, in_range(walk(1)).timestamp[closed.entry_bar])
    losses = recorded.trades[recorded.trades.pnl < 0]
    assert_array_equal(losses.pnl, closed.pnl[closed.pnl < 0])
    assert recorded.created_at == NOW


@pytest.mark.parametrize("part_bars", [1_000_000, 40])
def test_recorded_trades_of_several_symbols_are_in_the_order_of_their_exits(
    bucket: Bucket, runs: RunLifecycle, part_bars: int
) -> None:
    asked = config(["A", "B"], chunks=2)
    begin(runs)
    runs.set("r1", request=dump(asked))
    walks = {symbol: walk(seed) for seed, symbol in enumerate("AB")}
    manifest = planned(bucket, asked, [load(bucket, symbol, bars) for symbol, bars in walks.items()])
    finished = Reduction(bucket, runs, BUILT_IN, manifest, part_bars).finish()
    assert finished is not None
    conclude_run(bucket, runs, manifest, finished)
    recorded = read_run(runs, bucket, "r1")
    assert (np.diff(recorded.trades.exit_time) >= 0).all()
    for symbol, bars in walks.items():
        alone = in_one_pass(asked, in_range(bars), 0.5).statement
        assert_array_equal(recorded.symbols[symbol].equity, alone.equity)
        assert np.isin(alone.trades.pnl, recorded.trades.pnl).all()


def test_a_recorded_sweep_is_its_best_run(bucket: Bucket, runs: RunLifecycle) -> None:
    asked = sweep_config(chunks=2)
    begin(runs)
    runs.set("r1", request=dump(asked))
    manifest = planned(bucket, asked, [load(bucket, "WALK", walk(1))])
    finished = reduce_run(bucket, runs, BUILT_IN, manifest)
    conclude_run(bucket, runs, manifest, finished)
    assert read_run(runs, bucket, "r1").config == asked.run_with(finished.parameters)


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (None, "run r1 has no result yet"),
        ("failed", r"run r1 has no result: it failed in simulate: no bars"),
        ("cancelled", "run r1 has no result: it was cancelled"),
    ],
)
def test_a_run_without_a_result_cannot_be_read(
    bucket: Bucket, runs: RunLifecycle, end: str | None, reason: str
) -> None:
    begin(runs)
    if end:
        runs.note_failure("r1", "simulate", "no bars")
        runs.set("r1", status=end)
    with pytest.raises(RunError, match=reason):
        read_run(runs, bucket, "r1")


def test_an_unknown_run_and_a_run_without_files_cannot_be_read(
    bucket: Bucket, runs: RunLifecycle, concluded: Manifest
) -> None:
    for unknown in ("r9", ""):
        with pytest.raises(RunError, match=f"there is no run '{unknown}'; .* lists those that have ended well"):
            read_run(runs, bucket, unknown)
    bucket.s3.delete_object(Bucket=BUCKET, Key=layout.trades_key("r1"))
    with pytest.raises(RunError, match=f"its file s3://{BUCKET}/{layout.trades_key('r1')} is gone"):
        read_run(runs, bucket, "r1")
    with pytest.raises(Exception, match="NoSuchBucket"):
        read_run(_with_request(runs, config()), Bucket(bucket.s3, "elsewhere"), "r1")


def _with_request(runs: RunLifecycle, asked: Config) -> RunLifecycle:
    runs.set("r1", request=dump(asked))
    return runs


# --- a chunk ---------------------------------------------------------------------------------------------------------


def raising(error: BaseException) -> Registry:
    """Return the registry of a strategy that raises `error`."""

    class Raising(Strategy):
        name = "raising"

        @property
        def lookback(self) -> int:
            return 0

        def signals(self, _bars: Bars) -> Any:
            raise error

    return Registry({"raising": Raising})


@pytest.mark.parametrize("error", [KeyError("no such thing"), FileNotFoundError("a file"), MemoryError("too large")])
def test_an_exception_of_the_strategy_is_the_users(bucket: Bucket, error: Any) -> None:
    found = [load(bucket, "WALK", walk(1))]
    with pytest.raises(StrategyFailedError) as caught:
        planned(bucket, config(strategy="raising", parameters={}), found, raising(error))
    where = "strategy raising failed: on 487 bars, 2000-03-01 to 2001-06-30, it raised "
    assert str(caught.value).startswith(f"{where}{type(error).__name__}: {error} (line ")
    assert not caught.value.retryable


def test_manifest_and_items_are_written_and_read_back(bucket: Bucket) -> None:
    found = [load(bucket, symbol, walk(seed)) for seed, symbol in enumerate("AB")]
    manifest = planned(bucket, config(["A", "B"], chunks=2), found)
    key = manifest.put(bucket)
    assert key == layout.items_key("r1")
    assert json.loads(bucket.get(key)) == [
        {"run_id": "r1", "symbol": symbol, "chunk": chunk, "fold": fold}
        for symbol, chunk, fold in (("A", 0, False), ("A", 1, True), ("B", 0, True), ("B", 1, False))
    ]
    assert Manifest.get(bucket, "r1") == manifest
    assert (manifest.symbol, manifest.timeframe, manifest.bars, manifest.chunks) == ("A,B", "1d", 2 * 487, 4)
    assert manifest.sleeve("B") == manifest.sleeves[1]
    assert [sleeve.first for sleeve in manifest.sleeves] == [START, START]
    assert manifest.sleeves[0].series == found[0]
    edges = manifest.sleeves[0].edges
    assert (edges[0], edges[-1]) == (0, 487)
    assert [(chunk.start, chunk.stop) for chunk in manifest.sleeves[0].chunks] == list(pairwise(edges))
    assert manifest.day.isoformat() == "2026-01-31"
    assert manifest.uninvested == 0


def test_a_chunk_file_is_written_once(bucket: Bucket) -> None:
    manifest = planned(bucket, config(chunks=2), [load(bucket, "WALK", walk(1))])
    before = bucket.get(layout.chunk_key("r1", "WALK", 1))
    speculations = simulate_chunk(bucket, BUILT_IN, manifest, "WALK", 0)
    assert not ChunkFiles(bucket, "r1").put("WALK", 1, speculations)
    assert bucket.get(layout.chunk_key("r1", "WALK", 1)) == before


def test_the_day_of_a_run_is_that_of_its_start(bucket: Bucket) -> None:
    manifest = planned(bucket, config(chunks=2), [load(bucket, "WALK", walk(1))])
    late = manifest.model_copy(update={"created_at": datetime(2026, 12, 31, 23, 59, tzinfo=UTC)})
    assert late.day.isoformat() == "2026-12-31"
