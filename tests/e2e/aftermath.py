"""The aftermath of a run, as the tables and the workflow have it: what every run must leave, whatever went wrong."""

import json
import time
from dataclasses import dataclass
from typing import Any

from embedded.stack import EmbeddedStack
from tests.e2e.executions import ended
from tests.e2e.records import run_lifecycle
from tickfold.backtests.run import Run

SECONDS = 120
FINAL = {"result": "succeeded", "failed": "failed", "cancelled": "cancelled"}


@dataclass(frozen=True)
class Aftermath:
    """A run that has ended: its record, its messages in order and when each was appended, how its execution ended."""

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


def aftermath(stack: EmbeddedStack, run_id: str) -> Aftermath:
    """Wait until the run has ended, in its record and in its execution, and hold it to what every run must leave."""
    store, deadline = run_lifecycle(stack), time.monotonic() + SECONDS
    while (run := store.get(run_id)) is None or run.status == "running":
        assert time.monotonic() < deadline, f"run {run_id} did not end in {SECONDS} s"
        time.sleep(0.05)
    execution = ended(stack, run.execution_arn)["status"]
    rows = _rows(stack, run_id)
    times = [int(row["appended_at"]["N"]) / 1_000 for row in rows]
    left = Aftermath(store.get(run_id) or run, [row["body"]["S"] for row in rows], times, execution)
    _hold(stack, left)
    return left


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


def _hold(stack: EmbeddedStack, left: Aftermath) -> None:
    assert [message["sequence"] for message in left.messages] == list(range(1, left.run.sequence + 1))
    finals = [kind for kind in left.kinds if kind in FINAL]
    assert len(finals) == 1 + left.kinds.count("reopened"), left.kinds
    assert FINAL[left.kinds[-1]] == left.run.status, left.kinds
    assert left.run.ended_with == left.bodies[-1]
    progress = [message["chunksDone"] for message in left.messages if message["type"] == "progress"]
    assert progress == sorted(set(progress))
    assert all(done <= left.run.chunks for done in progress)
    assert left.run.run_id not in running(stack, left.run.user_id)


def running(stack: EmbeddedStack, user: str) -> set[str]:
    """Return the runs of a user that count as running."""
    found = stack.client("dynamodb").get_item(
        TableName=stack.outputs["users_table"], Key={"user_id": {"S": user}, "entry": {"S": "running"}}
    )
    return set(found.get("Item", {}).get("runs", {}).get("SS", ()))
