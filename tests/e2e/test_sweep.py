"""Sweeps and walk-forwards on the embedded stack: every row equals a run of its own."""

import io
import json
import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from embedded.stack import EmbeddedStack
from tests.e2e.error_reply import error_reason
from tests.e2e.websocket_client import Json, connected, run, start, sweep
from tickfold.engine.accounting.account import Account, Commission
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.exits import StopLoss
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.performance.metrics import Metrics
from tickfold.engine.walk_forward import walk_forward, windows
from tickfold.market_data.bar_store import BarStore
from tickfold.strategies import BUILT_IN

ACCEPTED = [(10, 25), (10, 60), (20, 25), (20, 60), (30, 60)]


def rows_at(stack: EmbeddedStack, uri: str) -> list[Json]:
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    body = stack.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    rows: list[Json] = pq.ParquetFile(io.BytesIO(body)).read().to_pylist()
    return rows


def message_of(messages: Sequence[Json], kind: str) -> Json:
    (message,) = [message for message in messages if message["type"] == kind]
    return message


def aapl(stack: EmbeddedStack) -> Bars:
    store = BarStore(stack.client("s3"), stack.outputs["bucket"])
    series = store.catalog.get("AAPL", "1d")
    return store.read(series, *series.span(date(2000, 3, 1), date(2013, 3, 1)))


def test_messages_of_a_sweep_are_in_order(url: str) -> None:
    with connected(url) as client:
        client.send(sweep(chunks=4))
        received = client.receive_all()
        assert client.is_idle()
    assert all(len(frame.encode()) < 32_000 for frame in client.frames)
    types = re.sub(r"\b(\w+)( \1\b)+", r"\1", " ".join(message["type"] for message in received))
    assert types == "accepted planned progress sweep partial result"
    assert received[0]["config"]["parameters"] == {"fast": {"from": 10, "to": 30, "step": 10}, "slow": [25, 60]}
    assert (received[1]["combinations"], received[1]["chunks"]) == (5, 4)
    table = message_of(received, "sweep")
    assert (table["combinations"], table["leftOut"], table["rankBy"]) == (5, 1, "sharpe")
    assert sorted((row["parameters"]["fast"], row["parameters"]["slow"]) for row in table["best"]) == ACCEPTED


@pytest.mark.parametrize(
    "options",
    [
        {"chunks": 1},
        {"chunks": 7, "commission": 0.002, "rankBy": "max_drawdown"},
        {"chunks": 33, "spread": 0.001, "fractionalShares": True, "direction": "long", "rankBy": "commissions"},
        {"chunks": 12, "stopLoss": 0.05, "trailingStop": 0.08, "maxBars": 30, "slippage": 0.0005},
    ],
)
def test_every_row_equals_a_run_with_its_parameters(stack: EmbeddedStack, url: str, options: dict[str, Any]) -> None:
    received = run(url, sweep(**options))
    rows = rows_at(stack, message_of(received, "sweep")["tableUri"])
    assert len(rows) == 5
    shared = {name: value for name, value in options.items() if name != "rankBy"}
    results = []
    for number, row in enumerate(rows):
        chunks = shared["chunks"] if number == 0 else 1  # all but the best are compared in what no cut changes
        alone = start(strategy="sma_cross", parameters=json.loads(row["parameters"]), **shared | {"chunks": chunks})
        results.append(run(url, alone)[-1])
        assert {name: row[name] for name in Metrics.__dataclass_fields__} == results[-1]["metrics"]
    # The best is given in full, as its own run gave it.
    apart = ("runId", "sequence", "executionArn", "tradesUri", "equityUri", "durationSeconds")
    best = received[-1]
    assert {k: v for k, v in best.items() if k not in apart} == {k: v for k, v in results[0].items() if k not in apart}
    for uri in ("tradesUri", "equityUri"):
        assert rows_at(stack, best[uri]) == rows_at(stack, results[0][uri])


@pytest.mark.parametrize(("rank_by", "sign"), [("sharpe", -1), ("max_drawdown", -1), ("annual_volatility", 1)])
def test_table_is_ranked_and_the_message_is_its_head(stack: EmbeddedStack, url: str, rank_by: str, sign: int) -> None:
    table = message_of(run(url, sweep(chunks=3, rankBy=rank_by)), "sweep")
    rows = rows_at(stack, table["tableUri"])
    assert [row["rank"] for row in rows] == [1, 2, 3, 4, 5]
    values = [sign * row[rank_by] for row in rows]
    assert values == sorted(values)
    for row, shown in zip(rows, table["best"], strict=True):
        assert json.loads(row["parameters"]) == shown["parameters"]
        assert {name: row[name] for name in shown["metrics"]} == shown["metrics"]
        assert rank_by in shown["metrics"]


def test_head_of_a_long_table_fits_a_message(stack: EmbeddedStack, url: str) -> None:
    parameters = {"fast": {"from": 1, "to": 25, "step": 1}, "slow": {"from": 26, "to": 64, "step": 1}}
    with connected(url) as client:
        client.send(sweep(parameters=parameters, chunks=2))
        table = message_of(client.receive_all(), "sweep")
    assert max(len(frame.encode()) for frame in client.frames) < 32_000
    assert (table["combinations"], len(table["best"])) == (975, 50)
    assert len(rows_at(stack, table["tableUri"])) == 975


def test_best_run_is_in_the_runs_table(stack: EmbeddedStack, url: str) -> None:
    result = run(url, sweep(chunks=2))[-1]
    pages = stack.client("s3").get_paginator("list_objects_v2")
    found = [
        entry["Key"]
        for page in pages.paginate(Bucket=stack.outputs["bucket"], Prefix="data/runs/")
        for entry in page.get("Contents", [])
        if result["runId"] in entry["Key"]
    ]
    (row,) = rows_at(stack, f"s3://{stack.outputs['bucket']}/{found[0]}")
    assert json.loads(row["parameters"]) == result["parameters"]
    assert row["final_equity"] == result["metrics"]["final_equity"]


@pytest.mark.parametrize("chunks", [1, 9])
def test_walk_forward_equals_the_engines_single_pass(stack: EmbeddedStack, url: str, chunks: int) -> None:
    asked = sweep(chunks=chunks, commission=0.001, stopLoss=0.05, rankBy="total_return")
    asked["config"]["walkForward"] = {"inSample": 600, "outOfSample": 200}
    received = run(url, asked)
    bars = aapl(stack)
    sets = [BUILT_IN.create("sma_cross", {"fast": fast, "slow": slow}) for fast, slow in ACCEPTED]
    walk = walk_forward(
        bars,
        [strategy.signals(bars) for strategy in sets],
        windows(len(bars), 600, 200),
        Account(10_000, Commission(0.001)),
        Orders(exits=(StopLoss(0.05),)),
        rank_by="total_return",
    )
    message = message_of(received, "walk_forward")
    assert (message["combinations"], message["leftOut"], message["windows"]) == (5, 1, len(walk.steps))
    assert message["unusedBars"] == len(bars) - 600 - 200 * len(walk.steps)
    result = received[-1]
    defined = {name: None if np.isnan(value) else value for name, value in walk.outcome.metrics.as_dict().items()}
    assert result["metrics"] == defined
    assert (result["bars"], result["parameters"]) == (200 * len(walk.steps), {})
    equity = rows_at(stack, result["equityUri"])
    assert [row["equity"] for row in equity] == walk.outcome.statement.equity.tolist()
    assert equity[0]["timestamp"].timestamp() * 1e6 == bars.timestamp[600]
    trades = rows_at(stack, result["tradesUri"])
    assert [trade["pnl"] for trade in trades] == walk.outcome.statement.trades.pnl.tolist()
    assert trades[0]["entry_time"].timestamp() * 1e6 == bars.timestamp[600 + walk.outcome.statement.trades[0].entry_bar]
    rows = rows_at(stack, message["tableUri"])
    for row, shown, step in zip(rows, message["first"], walk.steps, strict=True):
        assert json.loads(row["parameters"]) == shown["parameters"] == sets[step.chosen].model_dump()
        assert row["in_sample_metric"] == shown["inSample"]["metric"] == step.in_sample.total_return
        assert row["out_of_sample_return"] == shown["outOfSample"]["totalReturn"] == step.out_of_sample.total_return
        assert shown["inSample"]["start"] * 1000 == bars.timestamp[step.window.start]
        assert shown["outOfSample"]["end"] * 1000 == bars.timestamp[step.window.stop - 1]
        assert row["out_of_sample_start"].timestamp() * 1e6 == bars.timestamp[step.window.split]


BAD: dict[str, tuple[Json, str]] = {
    "too many combinations": (
        sweep(parameters={"fast": {"from": 1, "to": 40, "step": 1}, "slow": {"from": 50, "to": 100, "step": 1}}),
        "the parameters have 2,040 combinations; a sweep may have 1,000 at most",
    ),
    "none that can be run": (
        sweep(parameters={"fast": [30], "slow": [10, 20]}),
        "none of the 2 combinations can be run; the first: strategy sma_cross: fast (30) must be less than slow (10)",
    ),
    "a window too long": (
        sweep(walkForward={"inSample": 3_000, "outOfSample": 500}),
        "the range has 3,270 bars; a window of 3,000 bars in sample and 500 out of sample needs 3,500",
    ),
    "half a bar": (sweep(walkForward={"inSample": 2.5, "outOfSample": 5}), "config.walkForward.inSample 2.5: "),
    "unknown metric": (sweep(rankBy="luck"), "unknown metric 'luck' to rank by; known metrics: final_equity, "),
    "a range without a step": (
        sweep(parameters={"fast": {"from": 1, "to": 5}}),
        "config.parameters.fast.step is missing",
    ),
    "a word": (sweep(parameters={"fast": "ten"}), "config.parameters.fast 'ten': expected a number, a list of numbers"),
    "the same twice": (sweep(parameters={"fast": [5, 5.0]}), "parameter fast has a value twice"),
    "unknown symbol": (sweep("NOPE"), "unknown symbol NOPE"),
    "several symbols": (sweep(["AAPL", "IBM"]), "stock is a list; a sweep takes one symbol"),
}


@pytest.mark.parametrize("case", BAD)
def test_invalid_sweep_gets_one_error_and_has_no_effect(stack: EmbeddedStack, url: str, case: str) -> None:
    request, expected = BAD[case]
    assert expected in error_reason(stack, url, request)
