"""Cancelling runs: once, by their owner, and the execution is stopped after the run has ended."""

import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.aws import ADA, RUNS, STATE_MACHINE_ARN, StepFunctions, rows
from tests.backtests.records import Connection, begin, caller, result
from tickfold.backtests.cancelling import RunCanceller
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.backtests.workflow import Workflow
from tickfold.errors import RunError
from tickfold.identity.user import User
from tickfold.protocol import Cancel

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource

REQUEST = Cancel(run_id="r1")


@pytest.fixture
def step_functions() -> StepFunctions:
    return StepFunctions()


@pytest.fixture
def canceller(runs: RunLifecycle, step_functions: StepFunctions) -> RunCanceller:
    return RunCanceller(runs, Workflow(cast(Any, step_functions), STATE_MACHINE_ARN))


@pytest.fixture
def connection() -> Connection:
    return Connection()


def replies(connection: Connection) -> list[tuple[str, int, str]]:
    found = [json.loads(text) for text in connection.sent]
    return [(each["type"], each["sequence"], each["correlationId"]) for each in found]


def test_cancel_ends_the_run_stops_its_execution_and_replies(
    canceller: RunCanceller,
    runs: RunLifecycle,
    step_functions: StepFunctions,
    connection: Connection,
    dynamodb: "DynamoDBServiceResource",
) -> None:
    run = begin(runs)
    canceller.workflow.start(run)
    canceller.cancel(caller(connection, connection_id="c5"), REQUEST)
    assert runs.status("r1") == "cancelled"
    assert [arn for arn, *_ in step_functions.stopped] == [run.execution_arn]
    assert replies(connection) == [("cancelled", 2, "x1")]
    (row,) = (row for row in rows(dynamodb.Table(RUNS)) if row["entry"] == "event#000002")
    assert row["already_sent_to"] == "c5"


def test_cancel_is_idempotent_and_stops_the_execution_again(
    canceller: RunCanceller, runs: RunLifecycle, step_functions: StepFunctions, connection: Connection
) -> None:
    canceller.workflow.start(begin(runs))
    for _ in range(2):
        canceller.cancel(caller(connection), REQUEST)
    assert replies(connection) == [("cancelled", 2, "x1")] * 2
    assert len(step_functions.stopped) == 2


def test_cancel_of_a_run_that_has_a_result_is_a_conflict_and_stops_nothing(
    canceller: RunCanceller, runs: RunLifecycle, step_functions: StepFunctions, connection: Connection
) -> None:
    canceller.workflow.start(begin(runs))
    runs.end("r1", result())
    with pytest.raises(RunError, match="run r1 has ended already: succeeded") as caught:
        canceller.cancel(caller(connection), REQUEST)
    assert caught.value.code == "conflict"
    assert not step_functions.stopped


def test_only_the_owner_cancels(canceller: RunCanceller, runs: RunLifecycle, connection: Connection) -> None:
    begin(runs, portfolio="growth")
    carol = User("carol", ADA.portfolios, ADA.expires_at)
    with pytest.raises(RunError, match="run r1 is not yours: only who started it may cancel it") as caught:
        canceller.cancel(caller(connection, carol), REQUEST)
    assert (caught.value.code, runs.status("r1")) == ("conflict", "running")


def test_cancel_replies_even_if_the_execution_cannot_be_stopped(
    canceller: RunCanceller, runs: RunLifecycle, step_functions: StepFunctions, connection: Connection
) -> None:
    begin(runs)
    step_functions.failure = OSError("no network")
    with pytest.raises(OSError, match="no network"):
        canceller.cancel(caller(connection), REQUEST)
    assert replies(connection) == [("cancelled", 2, "x1")]
