"""The final state of a run in the tables and the workflow, and the invariants that hold for every run."""

import json
import time
from dataclasses import dataclass
from typing import Any

from embedded.stack import EmbeddedStack
from tests.e2e.executions import wait_for_execution
from tests.e2e.records import run_lifecycle
from tickfold.backtests.run import Run

SECONDS = 120
FINAL = {"result": "succeeded", "failed": "failed", "cancelled": "cancelled"}


@dataclass(frozen=True)
class FinalState:
    """A run that has ended: its record, its messages in order with their times, and its execution's status."""

    run: Run
    bodies: list[str]
    appended_at: list[float]
    execution: str

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies]

    @property
    def kinds(self) -> list[str]:
        return [message["type"] for message in self.messages]


def final_state(stack: EmbeddedStack, run_id: str) -> FinalState:
    """Wait until the run and its execution have ended; check the invariants and return the final state."""
    store, deadline = run_lifecycle(stack), time.monotonic() + SECONDS
    while (run := store.get(run_id)) is None or run.status == "running":
        assert time.monotonic() < deadline, f"run {run_id} did not end in {SECONDS} s"
        time.sleep(0.05)
    execution = wait_for_execution(stack, run.execution_arn)["status"]
    rows = _rows(stack, run_id)
    times = [int(row["appended_at"]["N"]) / 1_000 for row in rows]
    state = FinalState(store.get(run_id) or run, [row["body"]["S"] for row in rows], times, execution)
    _check_invariants(stack, state)
    return state


def _rows(stack: EmbeddedStack, run_id: str) -> list[dict[str, Any]]:
    pages = (
        stack.client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=stack.outputs["runs_table"],
            KeyConditionExpression="run_id = :run AND begins_with(entry, :event)",
            ExpressionAttributeValues={":run": {"S": run_id}, ":event": {"S": "event#"}},
        )
    )
    return [row for page in pages for row in page["Items"]]


def _check_invariants(stack: EmbeddedStack, state: FinalState) -> None:
    assert [message["sequence"] for message in state.messages] == list(range(1, state.run.sequence + 1))
    finals = [kind for kind in state.kinds if kind in FINAL]
    assert len(finals) == 1 + state.kinds.count("reopened"), state.kinds
    assert FINAL[state.kinds[-1]] == state.run.status, state.kinds
    assert state.run.ended_with == state.bodies[-1]
    progress = [message["chunksDone"] for message in state.messages if message["type"] == "progress"]
    assert progress == sorted(set(progress))
    assert all(done <= state.run.chunks for done in progress)
    assert state.run.run_id not in running(stack, state.run.user_id)


def running(stack: EmbeddedStack, user: str) -> set[str]:
    """Return the user's runs that count towards the limit of concurrent runs."""
    found = stack.client("dynamodb").get_item(
        TableName=stack.outputs["users_table"], Key={"user_id": {"S": user}, "entry": {"S": "running"}}
    )
    return set(found.get("Item", {}).get("runs", {}).get("SS", ()))
