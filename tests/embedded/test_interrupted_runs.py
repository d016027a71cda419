"""Runs that a stop interrupted are ended when the stack starts again."""

import json
from typing import TYPE_CHECKING, Any

from embedded import interrupted_runs
from embedded.cloud import Cloud
from tests.aws import RUNS, USERS
from tests.backtests.records import begin, result
from tickfold.backtests.run_lifecycle import RunLifecycle

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource


class Account(Cloud):
    """An account whose tables are moto's."""

    def __init__(self, dynamodb: "DynamoDBServiceResource") -> None:
        super().__init__("http://127.0.0.1:9")
        self._dynamodb = dynamodb

    def table(self, name: str) -> Any:
        return self._dynamodb.Table(name)


def test_running_runs_are_ended_and_others_left(dynamodb: "DynamoDBServiceResource", runs: RunLifecycle) -> None:
    begin(runs, "r1")
    begin(runs, "r2")
    runs.end("r2", result())
    outputs = {"runs_table": RUNS, "users_table": USERS}
    assert interrupted_runs.end(Account(dynamodb), outputs) == ["r1"]
    assert (runs.status("r1"), runs.status("r2")) == ("failed", "succeeded")
    assert "start the run again" in json.loads(runs.messages_after("r1", 0)[-1])["reason"]
    assert interrupted_runs.end(Account(dynamodb), outputs) == []
