"""Fuzzing: any message from an authenticated client gets one valid reply in time, and the connection stays open.

Much is sent to the message function in this process, with what the deployed one has: its environment, its role's key,
the emulator behind it. Some goes all the way over the WebSocket.
"""

import json
import time
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedded.stack import EmbeddedStack
from functions import settings as environment
from functions.websocket import message
from tests.e2e.websocket_client import Json, WebSocketClient, connected, start, sweep
from tests.embedded.test_deployment import credentials_of
from tests.protocol.schema_instances import instances
from tickfold.identity.user import User
from tickfold.protocol import MAX_MESSAGE_BYTES, MAX_REQUEST_BYTES, ServerMessage, parse_message
from tickfold.realtime.connections import MOST_TOPICS

SECONDS = 5
"""In which each answer must be there; it takes about ten milliseconds."""
SCHEMA: Json = json.loads((Path(__file__).parents[2] / "docs/reference/protocol.schema.json").read_text())
KEY = "fuzz-1"

# --- what is sent ----------------------------------------------------------------------------------------------------

ODD: list[Any] = [
    *(None, True, False, 0, -1, 10**9, 10**19, 10**400, 0.1, -0.0, 5e-324, 1e308, float("nan"), float("inf")),
    *("", " ", "\x00", "\n", "🐢", "é" * 100, "x" * 3_000, "%s", "../..", "run#x", "'; DROP", "event#000001", "5%"),
    *("9" * 400 + "%", "0001-01-01", "9999-12-31", "2024-02-30", "2024-01-01T00:00:00Z", "NaN", "null", "__proto__"),
    *([], {}, [[]], [None], {"": 0}, {"$ref": "#"}, ["AAPL"] * 3, [{"symbol": "AAPL", "share": 1e-320}]),
]
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=100)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT | st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=8,
)
RAW = st.one_of(
    ANY_TEXT,
    ANY_JSON.map(json.dumps),
    st.sampled_from(["", "{", '{"type":', '{"type": "ping"}}', '{"type": "ping", "type": "buy"}', "﻿{}", "NaN", "-"]),
    st.sampled_from(["[", '{"a":', '[{"type":']).map(lambda opening: opening * 2_000),
    st.integers(1, 300).map(lambda depth: '{"type": "ping", "x": ' + "[" * depth + "]" * depth + "}"),
    st.sampled_from(
        ["9" * 5_000, "-" + "9" * 4_299, "1e999", "1E-999", "NaN", "-Infinity", r'"\ud800"', r'"\u0000"']
    ).map(lambda literal: f'{{"type": "resume", "runId": "r", "correlationId": "c", "after": {literal}}}'),
)
REQUESTS = instances(SCHEMA, "request")


@st.composite
def mutants(draw: st.DrawFn, requests: st.SearchStrategy[Json] = REQUESTS) -> str:
    """Return requests of the schema with up to three mutations."""
    request = json.loads(json.dumps(draw(requests)))  # a copy, since what is drawn may be drawn again
    for _ in range(draw(st.integers(0, 3))):
        _mutate(draw, request)
    return json.dumps(request)


def _mutate(draw: st.DrawFn, node: Any) -> None:
    """Mutate `node` or one of its descendants."""
    at = draw(st.sampled_from(sorted(node))) if isinstance(node, dict) and node else draw(ANY_TEXT)
    if isinstance(node.get(at), dict) and draw(st.booleans()):
        return _mutate(draw, node[at])
    match draw(st.sampled_from(["replace", "replace", "remove", "add"])):
        case "replace":
            node[at] = deepcopy(draw(ANY_JSON))  # further mutations must not change what is drawn from
        case "remove":
            node.pop(at, None)
        case "add":
            node[draw(ANY_TEXT)] = deepcopy(draw(ANY_JSON))
    return None


STARTS = st.sampled_from([start(), start(["AAPL", "IBM"]), sweep(), start(strategy="sma_cross", parameters={})])
NAMES = st.sampled_from([KEY, "growth", "tester", "THE RUN"]) | st.sampled_from(ODD) | ANY_TEXT


@st.composite
def questions(draw: st.DrawFn) -> Json:
    """Return requests about existing and missing runs, topics, pages of lists, and keys."""
    name = draw(NAMES)
    return draw(
        st.sampled_from(
            [
                *({"type": kind, "runId": name} for kind in ("cancel", "resume", "get_result")),
                *({"type": "subscribe", "topic": topic, "id": name} for topic in ("run", "user", "portfolio")),
                *({"type": "unsubscribe", "topic": topic, "id": name} for topic in ("run", "user", "portfolio")),
                {"type": "list_runs", "limit": 3, "before": name},
                {"type": "list_runs", "correlationId": name},
                {"type": "resume", "runId": "THE RUN", "after": draw(st.sampled_from([0, 1, 999_999]))},
                start() | {"key": name},
                start() | {"portfolio": name},
            ]
        )
    )


ANYTHING = st.one_of(RAW, mutants(), mutants(STARTS.map(json.dumps).map(json.loads)), questions().map(json.dumps))


# --- in this process -------------------------------------------------------------------------------------------------


class MessageFunction:
    """The message function, invoked in this process as by API Gateway, for an open connection."""

    def __init__(self, client: WebSocketClient) -> None:
        self._client = client
        client.send({"type": "whoami"})
        self._who = client.receive()
        self._sent = 0
        self.run_id = ""

    def answer_to(self, body: Json | str) -> ServerMessage:
        """Send `body`; return the only reply."""
        text = body if isinstance(body, str) else json.dumps(body)
        began = time.monotonic()
        assert self._invoke(text.replace("THE RUN", self.run_id)) == {"statusCode": 200}
        answer = parsed(self._client.receive_text())
        assert time.monotonic() - began < SECONDS
        if answer.type in ("resumed", "accepted"):
            self._hear_the_runs_messages()
        return answer

    def _hear_the_runs_messages(self) -> None:
        self._invoke('{"type": "ping", "correlationId": "sentinel"}')
        while (received := parsed(self._client.receive_text())).correlation_id != "sentinel":
            assert received.run_id

    def _invoke(self, body: str) -> Any:
        self._sent += 1
        who = self._who
        identity = User(who["userId"], tuple(who["portfolios"]), who["expiresAt"] // 1_000)
        context = {
            "connectionId": who["connectionId"],
            "messageId": f"fuzz-{self._sent}",
            "authorizer": identity.to_context(),
        }
        function = SimpleNamespace(
            function_name="message", memory_limit_in_mb=1, invoked_function_arn="arn", aws_request_id="fuzz"
        )
        return message.handler({"requestContext": context, "body": body}, function)  # type: ignore[arg-type]


def parsed(frame: str) -> ServerMessage:
    """Return the message in `frame`, which must expose no internals."""
    assert len(frame.encode()) <= MAX_MESSAGE_BYTES
    assert "Traceback" not in frame
    received = parse_message(frame)
    assert received.type != "error" or received.code != "internal", frame
    return received


@pytest.fixture(scope="module")
def function(stack: EmbeddedStack, url: str) -> Iterator[MessageFunction]:
    """The function, with one run that has ended and no quota for another today."""
    deployed = stack.client("lambda").get_function_configuration(FunctionName="tickfold-embedded-message")
    key = credentials_of(stack, "message")
    variables = deployed["Environment"]["Variables"] | {
        "AWS_ENDPOINT_URL": stack.endpoint_url,
        "AWS_REGION": stack.region,
        "AWS_DEFAULT_REGION": stack.region,
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        "AWS_SESSION_TOKEN": key.session_token or "",
        environment.DAILY_LIMIT: "1",
        environment.REDUCE_MEMORY: "3008",
    }
    message.dependencies.cache_clear()
    with pytest.MonkeyPatch.context() as patch, connected(url) as client:
        client.send(start(chunks=1) | {"key": KEY})
        accepted, *_ = client.receive_all()
        for name, value in variables.items():
            patch.setenv(name, value)
        function = MessageFunction(client)
        function.run_id = accepted["runId"]
        yield function
        assert client.is_idle()
    message.dependencies.cache_clear()


def test_connection_at_its_subscription_limit_can_start_a_run(stack: EmbeddedStack, url: str) -> None:
    # The first of the tests: the others subscribe to what their user starts.
    with connected(url) as client:
        client.send({"type": "whoami"})
        connection_id = client.receive()["connectionId"]
        stack.client("dynamodb").update_item(
            TableName=stack.outputs["connections_table"],
            Key={"connection_id": {"S": connection_id}},
            UpdateExpression="ADD topics :topics",
            ExpressionAttributeValues={":topics": {"SS": [f"run#{n}" for n in range(MOST_TOPICS)]}},
        )
        client.send({"type": "subscribe", "topic": "user"})
        assert client.receive()["code"] == "limit"
        client.send(start(chunks=1))
        assert client.receive_all()[-1]["type"] == "result"


FUZZ = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
)


@given(body=ANYTHING)
@settings(FUZZ, max_examples=400)
def test_every_input_gets_a_reply(function: MessageFunction, body: str) -> None:
    function.answer_to(body)


@given(body=st.text(st.characters(categories=["Cs", "L"]), min_size=1, max_size=9))
@settings(FUZZ, max_examples=20)
def test_invalid_unicode_gets_a_reply(function: MessageFunction, body: str) -> None:
    assert function.answer_to(body).type == "error"


HOSTILE = {
    "more symbols than a run may have": (start([f"S{n}" for n in range(3_000)]), "may have 100"),
    "as many unknown symbols as it may": (start([f"S{n}" for n in range(100)]), "unknown symbol S0"),
    "a long list of one symbol": (start(["AAPL"] * 100), "more than once"),
    "all the money there is": (start(startCapital=1e308), "startCapital 1e+308"),
    "the first day": (start(first="0001-01-01", last="0001-01-01"), "no 1d bars from 0001-01-01"),
    "the last day": (start(first="9999-12-31", last="9999-12-31"), "no 1d bars from 9999-12-31"),
    "an invalid day": (start(first="0000-01-01"), "startDate"),
    "all the days": (start(first="0001-01-01", last="9999-12-31", chunks=10**9), "can be cut into"),
    "chunks without end": (start(chunks=10**400), "chunks"),
    "a strategy of 30 KB": (start(strategy="s" * 30_000), "unknown strategy"),
    "a parameter of 4,000 digits": (start(strategy="sma_cross", parameters={"fast": 10**4_000}), "parameters"),
    "a range without end": (sweep(parameters={"fast": {"from": -1e15, "to": 1e15, "step": 5e-324}}), "wider steps"),
    "the product of many ranges": (
        sweep(parameters={f"p{n}": {"from": 0, "to": 1e14, "step": 1} for n in range(50)}),
        "combinations; a sweep may have",
    ),
    "windows longer than time": (sweep(walkForward={"inSample": 10**9, "outOfSample": 10**9}), "a window of"),
    "a page before no date": ({"type": "list_runs", "before": "yesterday"}, "before 'yesterday'"),
    "somebody else's messages": ({"type": "subscribe", "topic": "user", "id": "root"}, "no other user"),
    "the longest id": ({"type": "subscribe", "topic": "run", "id": "x" * 256}, "there is no run"),
    "a request as long as may be": ("x" * MAX_REQUEST_BYTES, "not JSON"),
    "a longer one": ("x" * (MAX_REQUEST_BYTES + 1), "at most 32,000 are accepted"),
}


@pytest.mark.parametrize(("body", "expected"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_input_is_refused_without_internals(function: MessageFunction, body: Json | str, expected: str) -> None:
    answer = function.answer_to(body)
    assert answer.type == "error"
    assert expected in answer.reason


def test_thousands_of_unknown_fields_fit_into_the_reply(function: MessageFunction) -> None:
    request = start()
    request["config"] |= {f"{n:x}": 0 for n in range(2_700)}
    answer = function.answer_to(request)
    assert answer.type == "error"
    assert answer.code == "limit"  # the only thing that is wrong


# --- over the WebSocket ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[WebSocketClient]:
    with connected(url, SECONDS) as client:
        yield client


def _starts_nothing(body: str) -> bool:
    """Return whether `body` cannot start a run, whose messages would come between the replies."""
    return "start_" not in body


@given(body=st.one_of(RAW, mutants(), questions().map(json.dumps)).filter(_starts_nothing))
@FUZZ
def test_every_websocket_message_gets_one_reply(client: WebSocketClient, body: str) -> None:
    client.send(body)
    parsed(client.receive_text())
    assert client.is_idle()
