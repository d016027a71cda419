"""Every right that a function has is needed: with any one removed something goes red, and the log says which.

The emulator enforces IAM on what functions call. A scenario uses all that the system does. It is green with the
policies as they are, and red with any one action of any function removed.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from embedded.stack import EmbeddedStack
from tests.conftest import url_for
from tests.embedded.conversation import SMA, Conversation, Json, conversation, start, sweep
from tickfold.identity import Identity
from tickfold.storage import layout
from tickfold.storage.series import SeriesStore

BEYOND_THE_EMULATOR = ("logs:", "xray:")
"""Lambda itself uses these rights, which the emulator's does not check; tests/infrastructure holds the policies."""

POSTS = ["execute-api:ManageConnections POST/@connections/*", "dynamodb:DeleteItem connections"]
TELLS = ["dynamodb:UpdateItem runs", "dynamodb:PutItem runs", *POSTS]
RIGHTS: dict[str, list[str]] = {
    "authorize": [],
    "connect": ["dynamodb:PutItem connections"],
    "disconnect": ["dynamodb:DeleteItem connections"],
    "message": [
        "s3:ListBucket data/series/*",
        "s3:GetObject data/series/*",
        "dynamodb:GetItem connections",
        "dynamodb:GetItem runs",
        "dynamodb:Query runs",
        "states:StartExecution tickfold-embedded",
        *TELLS,
    ],
    "plan": ["s3:GetObject data/series/*", "s3:PutObject data/chunks/*", *TELLS],
    "simulate": [
        "s3:GetObject data/chunks/*",
        "s3:GetObjectVersion data/bars/*",
        "s3:PutObject data/chunks/*",
        *TELLS,
    ],
    "reduce": [
        "s3:GetObject data/chunks/*",
        "s3:GetObjectVersion data/bars/*",
        "s3:PutObject data/equity/*",
        "s3:PutObject data/equity_by_symbol/*",
        "s3:PutObject data/runs_by_symbol/*",
        "s3:PutObject data/trades/*",
        "s3:PutObject data/sweeps/*",
        "s3:PutObject data/walk_forward/*",
        "s3:PutObject data/runs/*",
        "dynamodb:GetItem runs",
        *TELLS,
    ],
    "report-failure": ["dynamodb:GetItem runs", *TELLS],
}
EACH = [(function, right) for function, rights in RIGHTS.items() for right in rights]
PATIENCE = 30
"""Seconds to wait for an execution to end, or a log line to appear; both take about one."""


class Role:
    """The one inline policy of a function's role, as it is deployed."""

    def __init__(self, stack: EmbeddedStack, function: str) -> None:
        self._iam = stack.client("iam")
        configuration = stack.client("lambda").get_function_configuration(FunctionName=f"tickfold-embedded-{function}")
        self._role = configuration["Role"].rsplit("/", 1)[1]
        (self._policy,) = self._iam.list_role_policies(RoleName=self._role)["PolicyNames"]
        self.document = self._iam.get_role_policy(RoleName=self._role, PolicyName=self._policy)["PolicyDocument"]

    def rights(self) -> list[str]:
        return [
            _name(action, statement)
            for statement in self.document["Statement"]
            for action in statement["Action"]
            if not action.startswith(BEYOND_THE_EMULATOR)
        ]

    @contextmanager
    def without(self, right: str) -> Iterator[None]:
        """Take one right from the role for a while."""
        statements: list[Json] = []
        for statement in self.document["Statement"]:
            kept = [action for action in statement["Action"] if _name(action, statement) != right]
            if kept:
                statements.append(statement | {"Action": kept})
        self._put(self.document | {"Statement": statements})
        try:
            yield
        finally:
            self._put(self.document)

    def _put(self, document: Json) -> None:
        self._iam.put_role_policy(RoleName=self._role, PolicyName=self._policy, PolicyDocument=json.dumps(document))


def _name(action: str, statement: Json) -> str:
    """Name a right by its action and the end of what it is about."""
    (resource,) = statement["Resource"]
    prefix = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix")
    for mark in ("/live/", ":table/tickfold-embedded-", ":stateMachine:", "/data/"):
        if mark in resource:
            prefix = resource.split(mark, 1)[1]
            return f"{action} {'data/' if mark == '/data/' else ''}{prefix}"
    return f"{action} {prefix}"


class Scenario:
    """All that the system does, in parts. Functions are invoked as API Gateway would, so that their logs are kept."""

    def __init__(self, stack: EmbeddedStack) -> None:
        self._stack = stack
        self._table = {"TableName": stack.outputs["connections_table"]}

    def connections(self) -> None:
        """A connection is opened and closed."""
        context = {"requestContext": _context("privilege=")}
        key = {"connection_id": {"S": "privilege="}}
        assert self._invoke("connect", context) == {"statusCode": 200}
        assert "Item" in self._stack.client("dynamodb").get_item(**self._table, Key=key)
        assert self._invoke("disconnect", context) == {"statusCode": 200}
        assert "Item" not in self._stack.client("dynamodb").get_item(**self._table, Key=key)

    def run(self) -> None:
        """A run of two symbols succeeds and can be asked for again; one succeeds for a connection that is gone."""
        began = datetime.now(UTC)
        with self._connected() as (client, connection_id):
            run_id = self._run(["AAPL", "IBM"], connection_id)
            heard = _all_of(client)
            assert [heard[0]["type"], heard[1]["type"], heard[-1]["type"]] == ["accepted", "planned", "result"]
            assert "progress" in {message["type"] for message in heard}
            self._message(connection_id, {"type": "resume", "runId": run_id, "after": heard[-2]["sequence"]})
            assert client.hear() == heard[-1]
        assert self._status(self._run("AAPL", "gone=")) == "succeeded"
        # A worker that may not forget a gone connection fails once its chunk is written; its retry hides that.
        assert not _logged(self._stack, "simulate", began, "the step failed")

    def sweep(self) -> None:
        """A sweep succeeds."""
        assert self._succeeds(sweep(chunks=2))

    def walk_forward(self) -> None:
        """A walk-forward succeeds."""
        assert self._succeeds(sweep(chunks=2, walkForward={"inSample": 1_000, "outOfSample": 1_000}))

    def _succeeds(self, request: Json) -> bool:
        return self._status(self._started("gone=", request)) == "succeeded"

    def failure(self) -> None:
        """A run fails and says why, and does so also for a connection that is gone."""
        began = datetime.now(UTC)
        with self._connected() as (client, connection_id):
            self._run(BROKEN, connection_id)
            told = _all_of(client)[-1]
            assert told["type"] == "failed"
            assert "were deleted" in told["reason"]
        assert self._status(self._run(BROKEN, "gone=")) == "failed"
        assert not _logged(self._stack, "report-failure", began, "the step failed")

    @contextmanager
    def _connected(self) -> Iterator[tuple[Conversation, str]]:
        """Open a connection; give it and its id."""
        self._forget_connections()
        with conversation(url_for(self._stack, "tester")) as client:
            (item,) = self._stack.client("dynamodb").scan(**self._table)["Items"]
            yield client, item["connection_id"]["S"]

    def _forget_connections(self) -> None:
        client = self._stack.client("dynamodb")
        for item in client.scan(**self._table)["Items"]:
            client.delete_item(**self._table, Key={"connection_id": item["connection_id"]})

    def _run(self, stock: str | list[str], connection_id: str) -> str:
        """Make a run; return its id."""
        return self._started(connection_id, start(stock, **SMA, chunks=3))

    def _started(self, connection_id: str, request: Json) -> str:
        """Start what `request` asks for and wait until its execution has ended; return the run's id."""
        before = {execution["name"] for execution in self._executions()}
        self._message(connection_id, request)
        (run_id,) = {str(execution["name"]) for execution in self._executions()} - before
        _wait(lambda: all(execution["status"] != "RUNNING" for execution in self._executions()), "no end of the run")
        return run_id

    def _executions(self) -> list[Json]:
        found: list[Json] = self._stack.client("stepfunctions").list_executions(
            stateMachineArn=self._stack.outputs["state_machine_arn"]
        )["executions"]
        return found

    def _status(self, run_id: str) -> str:
        key = {"run_id": {"S": run_id}, "entry": {"S": "run"}}
        item = self._stack.client("dynamodb").get_item(TableName=self._stack.outputs["runs_table"], Key=key)["Item"]
        return str(item["status"]["S"])

    def _message(self, connection_id: str, body: Json) -> None:
        self._invoke("message", {"requestContext": _context(connection_id), "body": json.dumps(body)})

    def _invoke(self, function: str, event: Json) -> Any:
        answer = self._stack.client("lambda").invoke(
            FunctionName=f"tickfold-embedded-{function}:live", Payload=json.dumps(event)
        )
        payload = answer["Payload"].read()
        assert "FunctionError" not in answer, payload
        return json.loads(payload)


BROKEN = "BROKEN"
PART = {"connect": "connections", "disconnect": "connections", "report-failure": "failure"}
"""The part of the scenario that uses a function's rights; that of the others is the run."""
PART_OF_RIGHT = {"s3:PutObject data/sweeps/*": "sweep", "s3:PutObject data/walk_forward/*": "walk_forward"}
"""The part that uses a right which the function's other parts do not."""


def _context(connection_id: str) -> Json:
    """Return the `requestContext` of an event on a connection that the authorizer has let in."""
    identity = Identity("tester", (), int(time.time()) + 3_600)
    return {"connectionId": connection_id, "authorizer": identity.to_context()}


def _all_of(client: Conversation) -> list[Json]:
    """Return every message that has been sent to the connection."""
    client.say({"type": "ping"})
    heard = [client.hear()]
    while heard[-1]["type"] != "pong":
        heard.append(client.hear())
    return sorted(heard[:-1], key=lambda message: int(message["sequence"]))


def _wait(done: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)


@pytest.fixture(scope="module")
def scenario(stack: EmbeddedStack) -> Scenario:
    """The scenario, with a series of which one file is gone: a run of it fails in simulate."""
    store = SeriesStore(stack.client("s3"), stack.outputs["bucket"])
    ibm = store.get("IBM", "1d")
    series = store.put(BROKEN, "1d", store.read(ibm, 0, ibm.bars), "a copy of IBM")
    stack.client("s3").delete_object(
        Bucket=stack.outputs["bucket"], Key=layout.bars_key(BROKEN, "1d", 2005), VersionId=series.files[5].version_id
    )
    return Scenario(stack)


@pytest.mark.parametrize("function", RIGHTS)
def test_the_deployed_role_holds_exactly_the_rights_that_are_tested(stack: EmbeddedStack, function: str) -> None:
    assert sorted(Role(stack, function).rights()) == sorted(RIGHTS[function])


@pytest.mark.parametrize("part", ["connections", "run", "sweep", "walk_forward", "failure"])
def test_with_all_rights_the_scenario_is_green(scenario: Scenario, part: str) -> None:
    getattr(scenario, part)()


@pytest.mark.parametrize(("function", "right"), EACH, ids=[f"{function}: {right}" for function, right in EACH])
def test_without_one_right_the_scenario_is_red_and_the_log_names_it(
    stack: EmbeddedStack, scenario: Scenario, function: str, right: str
) -> None:
    began = datetime.now(UTC)
    with Role(stack, function).without(right), pytest.raises((AssertionError, ValueError)):
        getattr(scenario, PART_OF_RIGHT.get(right, PART.get(function, "run")))()
    refused = f"not authorized to perform: {right.split(maxsplit=1)[0]}"
    _wait(lambda: _logged(stack, function, began, refused), f"no log line of {function} says: {refused}")


def _logged(stack: EmbeddedStack, function: str, since: datetime, text: str) -> bool:
    pages = (
        stack.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=f"/aws/lambda/tickfold-embedded-{function}", startTime=int(since.timestamp() * 1000))
    )
    return any(text in event["message"] for page in pages for event in page["events"])
