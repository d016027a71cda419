"""Lists of runs: what a summary says, and how many fit into a message."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.backtests.records import CONFIG, NOW, Connection, begin, caller, result
from tickfold.backtests.listing import RunLister, summary
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.protocol import MAX_MESSAGE_BYTES, ListRuns, SweepConfig, dump

UNIVERSE = CONFIG.model_copy(update={"stock": ["AAPL", "IBM", "GOOG"], "strategy": "sma_cross"})
SWEEP = SweepConfig.model_validate(
    {"stock": "IBM", "startDate": "2000-03-01", "endDate": "2001-03-01", "startCapital": 1, "strategy": "sma_cross"}
    | {"parameters": {"fast": [5, 10]}}
)


@pytest.fixture
def connection() -> Connection:
    return Connection()


def listed(connection: Connection) -> dict[str, Any]:
    reply: dict[str, Any] = json.loads(connection.sent[-1])
    assert (reply["type"], reply["correlationId"]) == ("runs", "x1")
    return reply


def test_summary_of_a_run_that_goes_on(runs: RunLifecycle) -> None:
    found = summary(begin(runs, portfolio="growth"))
    assert found.model_dump() == {
        "run_id": "r1",
        "status": "running",
        "created_at": 1_769_860_800_000,
        "stock": "AAPL",
        "strategy": "buy_and_hold",
        "start_date": CONFIG.start_date,
        "end_date": CONFIG.end_date,
        "sweep": False,
        "portfolio": "growth",
        "chunks_done": 0,
        "chunks": 0,
        "metrics": {},
    }


def test_summary_of_a_run_that_succeeded_has_the_headline_metrics(runs: RunLifecycle) -> None:
    begin(runs)
    runs.set("r1", chunks=4, chunks_done=3)
    runs.end("r1", result())
    run = runs.get("r1")
    assert run is not None
    found = summary(run)
    assert (found.status, found.chunks_done, found.chunks) == ("succeeded", 3, 4)
    assert found.metrics == {"final_equity": 1_100.0, "sharpe": None, "trades": 1}


def test_summary_of_several_symbols_and_of_a_sweep(runs: RunLifecycle) -> None:
    several = summary(begin(runs, "r1", request=""))
    assert several.stock == "AAPL"
    several = summary(begin_with(runs, "r2", dump(UNIVERSE)))
    assert (several.stock, several.strategy, several.sweep) == ("AAPL and 2 more", "sma_cross", False)
    sweep = summary(begin_with(runs, "r3", dump(SWEEP)))
    assert (sweep.stock, sweep.sweep) == ("IBM", True)


def begin_with(runs: RunLifecycle, run_id: str, config: str) -> Any:
    begin(runs, run_id)
    runs.set(run_id, request=config)
    return runs.get(run_id)


def test_list_is_newest_first_in_pages(runs: RunLifecycle, connection: Connection) -> None:
    for number in range(3):
        begin(runs, f"r{number}", created_at=NOW + timedelta(minutes=number))
    begin(runs, "other", "bob")
    lister = RunLister(runs)
    lister.list_runs(caller(connection), ListRuns(limit=2))
    first = listed(connection)
    assert [run["runId"] for run in first["runs"]] == ["r2", "r1"]
    lister.list_runs(caller(connection), ListRuns(limit=2, before=first["next"]))
    second = listed(connection)
    assert ([run["runId"] for run in second["runs"]], second["next"]) == (["r0"], None)


def test_list_is_cut_where_no_more_fit_into_a_message(runs: RunLifecycle, connection: Connection) -> None:
    """Fifty ids of the longest kind and strategies with long names do not fit."""
    long = dump(CONFIG.model_copy(update={"strategy": "s" * 600}))
    for number in range(50):
        run_id = f"{number:02d}" + "r" * 78
        begin(runs, run_id, created_at=NOW + timedelta(minutes=number))
        runs.set(run_id, request=long)
    lister = RunLister(runs)
    lister.list_runs(caller(connection), ListRuns(limit=50))
    first = listed(connection)
    assert 25 < len(first["runs"]) < 50
    assert 30_000 < len(connection.sent[-1].encode()) <= MAX_MESSAGE_BYTES
    assert first["next"] is not None
    lister.list_runs(caller(connection), ListRuns(limit=50, before=first["next"]))
    found = [run["runId"][:2] for run in first["runs"] + listed(connection)["runs"]]
    assert found == [f"{number:02d}" for number in reversed(range(50))]
