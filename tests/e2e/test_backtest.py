"""Backtests on the embedded stack: request, fan-out, Parquet, exact result, and messages."""

import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from embedded.cloud import Cloud
from embedded.stack import EmbeddedStack
from tests.e2e.error_reply import error_reason
from tests.e2e.executions import wait_for_execution
from tests.e2e.websocket_client import SMA, connected, run, start
from tests.raw_bars import APPLE_DIVIDENDS, APPLE_SPLITS, raw_bars
from tickfold.backtests.planning import account_of, orders_of
from tickfold.engine.backtest import backtest
from tickfold.engine.bars import Bars
from tickfold.errors import RunError
from tickfold.market_data.adjustment import adjusted, factors_of
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.corporate_actions import CorporateActions
from tickfold.market_data.series import Series
from tickfold.market_data.series_catalog import SeriesCatalog
from tickfold.protocol import BacktestConfig
from tickfold.strategies import BUILT_IN


def table(stack: EmbeddedStack, uri: str) -> list[dict[str, Any]]:
    """Return the rows of the Parquet file at `uri`."""
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    body = stack.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    rows: list[dict[str, Any]] = pq.ParquetFile(io.BytesIO(body)).read().to_pylist()
    return rows


def keys(stack: EmbeddedStack, prefix: str) -> list[str]:
    pages = stack.client("s3").get_paginator("list_objects_v2").paginate(Bucket=stack.outputs["bucket"], Prefix=prefix)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def test_messages_of_a_run_are_in_order(stack: EmbeddedStack, url: str) -> None:
    with connected(url) as client:
        client.send(start(**SMA))
        received = client.receive_all()
        assert client.is_idle()
    assert all(len(frame.encode()) < 32_000 for frame in client.frames)
    types = " ".join(message["type"] for message in received)
    assert re.fullmatch(r"accepted planned( progress| partial)+ result", types)
    assert {message["version"] for message in received} == {1}
    assert len({message["runId"] for message in received}) == 1
    assert sorted(message["sequence"] for message in received) == list(range(1, len(received) + 1))
    assert received[1]["chunks"] >= 8
    done = [message["chunksDone"] for message in received if message["type"] == "progress"]
    assert done == sorted(set(done))
    assert done[-1] == received[1]["chunks"]
    pieces = [message["piece"] for message in received if message["type"] == "partial"]
    assert pieces == list(range(1, len(pieces) + 1))


def test_streamed_equity_equals_the_parquet_file(stack: EmbeddedStack, url: str) -> None:
    received = run(url, start(**SMA))
    pieces = [message for message in received if message["type"] == "partial"]
    assert [piece["piece"] for piece in pieces] == list(range(1, pieces[0]["pieces"] + 1))
    streamed = [tuple(point) for piece in pieces for point in piece["equity"]]
    rows = table(stack, received[-1]["equityUri"])
    assert streamed == [(int(row["timestamp"].timestamp() * 1000), row["equity"]) for row in rows]
    assert len(rows) == received[-1]["bars"] == 3_270


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"commission": 0.002, "spread": 0.001},
        {"fractionalShares": True, "direction": "long"},
        {"direction": "short", "closeAtEnd": False, "commission": 0.001},
        {"stopLoss": 0.03, "takeProfit": 0.06, "slippage": "5bp", "commission": {"perShare": 0.005, "minimum": 1}},
        {"limit": 0.01, "limitBars": 5, "trailingStop": 0.05, "sizing": {"kind": "volatility", "value": 0.2}},
        {"fill": "close", "maxBars": 15, "sizing": {"kind": "cash", "value": 2_500}},
        {"startCapital": 60},  # which does not always buy a share
    ],
)
def test_result_equals_a_single_pass(stack: EmbeddedStack, url: str, options: dict[str, Any]) -> None:
    accepted, *_, result = run(url, start(**SMA, **options))
    store = BarStore(stack.client("s3"), stack.outputs["bucket"])
    series = store.catalog.get("AAPL", "1d")
    bars = store.read(series, *series.span(datetime(2000, 3, 1).date(), datetime(2013, 3, 1).date()))
    config = BacktestConfig.model_validate(accepted["config"])
    strategy = BUILT_IN.create("sma_cross", {"fast": 10, "slow": 30})
    whole = backtest(bars, strategy, account_of(config), orders_of(config))
    expected = {name: None if np.isnan(value) else value for name, value in whole.metrics.as_dict().items()}
    assert result["metrics"] == expected
    trades = table(stack, result["tradesUri"])
    assert [trade["pnl"] for trade in trades] == [trade.pnl for trade in whole.statement.trades]
    assert [trade["exit_reason"] for trade in trades] == [trade.exit_reason for trade in whole.statement.trades]
    assert result["sequentialBars"] == whole.statement.sequential_bars
    assert (result["sequentialBars"] > 0) == ("startCapital" in options)
    assert result["chunks"] > 1


def test_raw_bars_are_adjusted_for_the_splits_and_dividends_beside_them(stack: EmbeddedStack, url: str) -> None:
    """Apple's bars as traded, with its two splits and three dividends, against bars that were adjusted first."""
    raw, _ = raw_bars("AAPL")
    actions = CorporateActions(date(2000, 1, 1), date(2013, 3, 2), [*APPLE_SPLITS, *APPLE_DIVIDENDS])
    series = Series(symbol="APPLE", timeframe="1d", source="alpaca", files=[], adjustment="raw", actions=actions)
    covers = datetime(2000, 1, 1, tzinfo=UTC), datetime(2013, 3, 2, tzinfo=UTC)
    stored = BarStore(stack.client("s3"), stack.outputs["bucket"]).fill(series, raw, covers)
    assert stored
    assert stored.actions
    for adjustment, applied in (("all", stored.actions.found), ("splits", APPLE_SPLITS), ("raw", [])):
        accepted, *_, result = run(url, start("APPLE", **SMA, adjustment=adjustment))
        config = BacktestConfig.model_validate(accepted["config"])
        whole = replace(adjusted(raw, factors_of(applied)), decimals=None if applied else stored.decimals)
        expected = backtest(
            whole, BUILT_IN.create("sma_cross", SMA["parameters"]), account_of(config), orders_of(config)
        )
        assert result["metrics"] == {
            name: None if np.isnan(value) else value for name, value in expected.metrics.as_dict().items()
        }
        assert (result["adjustment"], result.get("splits", 0)) == (adjustment, 2 if applied else 0)
        assert result.get("dividends", 0) == (3 if adjustment == "all" else 0)
        assert [row["close"] for row in table(stack, result["equityUri"])] == whole.close.tolist()


def test_original_message_starts_a_run(stack: EmbeddedStack, url: str) -> None:
    minutes = np.arange(390) * 60_000_000 + int(datetime(2024, 1, 2, 14, 30, tzinfo=UTC).timestamp()) * 1_000_000
    price = 50 + np.sin(np.arange(390) / 20)
    bars = Bars(minutes, price, price + 0.1, price - 0.1, price, np.ones(390))
    BarStore(stack.client("s3"), stack.outputs["bucket"]).put("TQQQ", "1m", bars, "synthetic")
    received = run(
        url,
        json.loads(
            '{"type":"start_backtest","mode":"cloud","config":{"stock":"TQQQ","startDate":"2024-01-01",'
            '"endDate":"2024-01-02","startCapital":1000}}'
        ),
    )
    assert received[-1]["type"] == "result"
    assert (received[-1]["bars"], received[-1]["timeframe"], received[-1]["strategy"]) == (390, "1m", "buy_and_hold")
    # Nineteen whole shares at the third bar's open, sold at the last bar's.
    shares = 1000 // price[2]
    assert received[-1]["metrics"]["final_equity"] == pytest.approx(1000 + shares * (price[-1] - price[2]), rel=1e-12)


def test_execution_is_named_by_the_run_id(stack: EmbeddedStack, url: str) -> None:
    received = run(url, start(**SMA))
    run_id, arn = received[0]["runId"], received[0]["executionArn"]
    execution = wait_for_execution(stack, arn)
    assert (execution["name"], execution["status"]) == (run_id, "SUCCEEDED")
    assert received[-1]["executionArn"] == arn
    (map_run,) = stack.client("stepfunctions").list_map_runs(executionArn=arn)["mapRuns"]
    counts = stack.client("stepfunctions").describe_map_run(mapRunArn=map_run["mapRunArn"])["itemCounts"]
    assert counts["succeeded"] == received[1]["chunks"]


def test_run_writes_one_file_per_table_for_any_chunks(stack: EmbeddedStack, url: str) -> None:
    run_id = run(url, start(**SMA, chunks=33))[-1]["runId"]
    assert keys(stack, f"data/trades/run_id={run_id}/") == [f"data/trades/run_id={run_id}/trades.parquet"]
    assert keys(stack, f"data/equity/run_id={run_id}/") == [f"data/equity/run_id={run_id}/equity.parquet"]
    assert len([key for key in keys(stack, "data/runs/") if run_id in key]) == 1
    assert len(keys(stack, f"data/chunks/run_id={run_id}/")) == 33 + 3  # the manifest, the map's items, a checkpoint


def test_concurrent_runs_are_isolated(url: str) -> None:
    requests = [start(**SMA, chunks=chunks) for chunks in (2, 3, 5, 8)]
    with ThreadPoolExecutor(4) as pool:
        stories = list(pool.map(lambda request: run(url, request), requests))
    assert [types[-1]["chunks"] for types in stories] == [2, 3, 5, 8]
    assert len({types[0]["runId"] for types in stories}) == 4
    for types in stories:
        assert {message["runId"] for message in types} == {types[0]["runId"]}
    assert len({types[-1]["metrics"]["final_equity"] for types in stories}) == 1


BAD: dict[str, tuple[Any, str]] = {
    "unknown symbol": (start("NOPE"), "unknown symbol NOPE; known symbols: AAPL, "),
    "no bars": (
        start("GOOG", "2024-01-01", "2024-01-02"),
        "GOOG has no 1d bars from 2024-01-01 to 2024-01-02; it has 2,148 from 2004-08-19 to 2013-03-01",
    ),
    "a weekend": (start("GOOG", "2012-12-15", "2012-12-16"), "has no 1d bars from 2012-12-15 to 2012-12-16"),
    "other prices": (start(adjustment="raw"), "AAPL 1d has prices of which nobody knows what they are adjusted for"),
    "backwards": (start("GOOG", "2013-01-02", "2013-01-01"), "endDate 2013-01-01 is before startDate 2013-01-02"),
    "no capital": (start(startCapital=0), "config.startCapital 0: input should be greater than 0"),
    "unknown strategy": (
        start(strategy="magic"),
        "unknown strategy 'magic'; known strategies: bollinger_reversion, buy_and_hold, ",
    ),
    "unknown parameter": (
        start(strategy="sma_cross", parameters={"fats": 3}),
        "strategy sma_cross has no parameter fats (did you mean fast?); it has: fast, slow",
    ),
    "fast not below slow": (
        start(strategy="sma_cross", parameters={"fast": 30, "slow": 30}),
        "fast (30) must be less than slow (30)",
    ),
    "unknown timeframe": (start("GOOG", timeframe="1w"), "GOOG has no 1w bars; it has: 1d"),
    "too many chunks": (start("GOOG", "2013-02-28", chunks=3), "chunks 3 is too many; these 2 bars can be cut into 2"),
    "long names": (
        start(strategy="sma_cross", parameters={"x" * 15_000: 1, "y" * 15_000: 2}),
        "strategy sma_cross has no parameter xxxxx",
    ),
    "not JSON": ("hello there", "the message is not JSON"),
    "not an object": ("[1, 2, 3]", "the message is JSON but not an object"),
    "unknown type": ({"type": "buy_the_dip"}, "the message has an unknown type; known types: start_backtest"),
    "very long": ("x" * 200_000, "200,000 bytes; at most 32,000"),
    "another's run": ({"type": "resume", "runId": "unknown-run"}, "there is no run unknown-run"),
}


@pytest.mark.parametrize("case", BAD)
def test_invalid_request_gets_one_error_and_has_no_effect(stack: EmbeddedStack, url: str, case: str) -> None:
    request, expected = BAD[case]
    assert expected in error_reason(stack, url, request)


def test_range_beyond_the_bars_uses_existing_bars(url: str) -> None:
    result = run(url, start("GOOG", "1990-01-01", "2030-12-31"))[-1]
    assert result["bars"] == 2_148


def test_repeated_load_leaves_the_series_unchanged(stack: EmbeddedStack) -> None:
    store = BarStore(stack.client("s3"), stack.outputs["bucket"])
    series = store.catalog.get("IBM", "1d")
    bars = store.read(series, 0, series.bars)
    store.put("IBM", "1d", bars[100:700], series.source)
    assert SeriesCatalog(stack.client("s3"), stack.outputs["bucket"]).get("IBM", "1d") == series


def test_replacement_writes_only_what_differs(stack: EmbeddedStack) -> None:
    store = BarStore(stack.client("s3"), stack.outputs["bucket"])
    times = np.arange(363, 367) * 86_400_000_000
    price = np.array([10.0, 11.0, 12.0, 13.0])
    before = store.put("FIXME", "1d", Bars(times, price, price, price, price, price), "first")
    fixed = np.array([10.0, 11.0, 99.5, 13.0])
    correction = Bars(times, fixed, fixed, fixed, fixed, fixed)
    with pytest.raises(RunError, match=r"FIXME 1d has other values for 1 of these bars, first 1971-01-01"):
        store.put("FIXME", "1d", correction, "second")
    after = store.put("FIXME", "1d", correction, "second", replace=True)
    assert store.read(after, 0, 4).close.tolist() == [10, 11, 99.5, 13]
    assert [file.year for file in after.files] == [1970, 1971]
    assert after.files[0].version_id == before.files[0].version_id  # 1970 was not touched
    assert (after.decimals, before.decimals) == (1, 0)
    worker = BarStore(Cloud(stack.endpoint_url).client("s3"), stack.outputs["bucket"])  # one that kept no file
    assert worker.read(before, 0, 4).close.tolist() == [10, 11, 12, 13]  # a run's snapshot stays what it was
