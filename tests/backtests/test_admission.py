"""Admission: how many runs are carried out at once, and who frees a place."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.aws import RUNS, USERS
from tests.backtests.records import begin
from tickfold.backtests.admission import Admission
from tickfold.backtests.quota import Quota
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.errors import AtCapacityError
from tickfold.protocol import Cancelled, Failed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource


@pytest.fixture
def admission(dynamodb: "DynamoDBServiceResource") -> Admission:
    """Two places."""
    return Admission(dynamodb.Table(RUNS), Quota(dynamodb.Table(USERS)), 2)


def admitted(dynamodb: "DynamoDBServiceResource") -> set[str]:
    row: Any = dynamodb.Table(USERS).get_item(Key={"user_id": "*", "entry": "active"})["Item"]
    return set(row.get("runs", ()))


def test_runs_of_all_users_share_the_places_until_one_ends(
    runs: RunLifecycle, admission: Admission, dynamodb: "DynamoDBServiceResource"
) -> None:
    for run_id, user in (("r1", "ada"), ("b1", "bob"), ("c1", "cy")):
        begin(runs, run_id, user)
    for run_id in ("r1", "b1", "r1"):
        admission.admit(run_id)
    with pytest.raises(AtCapacityError, match=r"^2 runs are carried out, which is the limit; this waits$"):
        admission.admit("c1")
    assert admitted(dynamodb) == {"r1", "b1"}
    runs.end("b1", Failed(stage="plan", reason="there are no bars"))
    admission.admit("c1")
    assert admitted(dynamodb) == {"r1", "c1"}


def test_a_run_that_has_ended_takes_no_place(
    runs: RunLifecycle, admission: Admission, dynamodb: "DynamoDBServiceResource"
) -> None:
    begin(runs, "r1")
    admission.admit("r1")
    runs.end("r1", Cancelled())
    admission.admit("r1")
    assert admitted(dynamodb) == set()


def test_a_run_that_has_ended_does_not_wait(runs: RunLifecycle, admission: Admission) -> None:
    for run_id in ("r1", "r2", "r3"):
        begin(runs, run_id)
    runs.end("r3", Cancelled())
    for run_id in ("r1", "r2", "r3"):
        admission.admit(run_id)
