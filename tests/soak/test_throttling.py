"""AWS in trouble: it throttles, transactions conflict, answers get lost. A run succeeds, and tells all once."""

import json

from embedded.stack import EmbeddedStack
from tests.conftest import url_for
from tests.e2e.faulty_proxy import CONNECTIONS, DYNAMODB, LOST, Fault, Request, between
from tests.e2e.final_state import final_state
from tests.e2e.recorder import ReconnectingClient, Recorders
from tests.e2e.websocket_client import SMA, start

REQUEST = start(first="2012-03-01", **SMA, chunks=8)
WITH_TABLES = ("message", "plan", "simulate", "reduce", "deliver")
WRITES = ("UpdateItem", "TransactWriteItems")


def _trouble(request: Request) -> Fault | None:
    """Throttle every sixth request; of the writes of runs refuse another for a conflict, and lose another's answer."""
    if request.number % 6 == 1:
        return Fault(400, "ProvisionedThroughputExceededException")
    if request.operation not in WRITES or not any(table in request.body for table in (b"-runs", b"-users")):
        return None
    if request.number % 6 == 3:
        return LOST
    return _conflict(request) if request.number % 6 == 5 else None


def _conflict(request: Request) -> Fault:
    """Refuse a write as DynamoDB does while somebody's transaction is at work on the item."""
    if request.operation == "UpdateItem":
        return Fault(400, "TransactionConflictException")
    writes = json.loads(request.body)["TransactItems"]
    reasons = [{"Code": "TransactionConflict"}] + [{"Code": "None"}] * (len(writes) - 1)
    return Fault(400, "TransactionCanceledException", {"CancellationReasons": reasons})


def test_runs_succeed_while_dynamodb_is_in_trouble(
    stack: EmbeddedStack, recorders: Recorders, url: str, in_full: bool
) -> None:
    with between(stack, WITH_TABLES, DYNAMODB, _trouble) as faults:
        for _ in range(10 if in_full else 1):
            recorder = recorders.open(url)
            recorder.send(REQUEST)
            run_id = recorder.wait_for(lambda message: message["type"] == "accepted")["runId"]
            left = final_state(stack, run_id)
            recorder.wait_for(lambda message: message["type"] == "result")
            assert (left.run.status, left.execution) == ("succeeded", "SUCCEEDED")
            assert left.run.failure is None  # no step had to be run again
            assert [frame.text for frame in recorder.of(run_id)] == left.bodies
    assert set(faults) == {
        "ProvisionedThroughputExceededException",
        "TransactionConflictException",
        "TransactionCanceledException",
        LOST.error,
    }


def test_a_message_that_api_gateway_limits_is_sent_again(stack: EmbeddedStack, recorders: Recorders, url: str) -> None:
    def limited(request: Request) -> Fault | None:
        return Fault(429, "LimitExceededException") if request.number % 3 == 1 else None

    with between(stack, ("message", "deliver"), CONNECTIONS, limited) as faults:
        recorder = recorders.open(url)
        recorder.send(REQUEST)
        recorder.wait_for(lambda message: message["type"] == "result")
        run_id = recorder.frames[0].message["runId"]
        left = final_state(stack, run_id)
    assert [frame.text for frame in recorder.of(run_id)] == left.bodies
    assert faults["LimitExceededException"] >= 2


def test_a_run_whose_start_cannot_be_answered_is_run_all_the_same(stack: EmbeddedStack, recorders: Recorders) -> None:
    def broken(request: Request) -> Fault | None:
        return Fault(500, "InternalServerError") if b'"accepted"' in request.body else None

    client = ReconnectingClient(url_for(stack, "unanswered", ["unanswered"]) + "&portfolioId=unanswered", recorders)
    starter, witness = client.connect(), client.connect()
    with between(stack, ["message"], CONNECTIONS, broken):
        starter.send(REQUEST | {"portfolio": "unanswered", "key": "once"})
        run_id = witness.wait_for(lambda message: message["type"] == "accepted")["runId"]
        left = final_state(stack, run_id)
    assert left.run.status == "succeeded"
    starter.send(REQUEST | {"portfolio": "unanswered", "key": "once"})
    starter.wait_for(lambda message: message["type"] == "accepted")
    starter.wait_for(lambda message: message["type"] == "result")
    copies = client.copies(run_id)
    assert [set(copies[sequence]) for sequence in sorted(copies)] == [{body} for body in left.bodies]
