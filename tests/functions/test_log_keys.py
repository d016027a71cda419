"""What every function logs: lines that name the run, the user, the connection and the request, and no token."""

import json
from collections.abc import Callable, Iterator
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest

from functions import settings
from functions.backtests import plan, reconcile, reduce, report_failure, simulate, step
from functions.websocket import authorize, connect, deliver, disconnect, message
from tests.aws import ALERTS, BARS, BUCKET, CONNECTIONS, RUNS, STATE_MACHINE_ARN, SUBSCRIPTIONS, TRADING, USERS
from tests.backtests.lake import config, load, walk
from tests.backtests.records import begin
from tests.identity.oidc_provider import Provider, provider
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.protocol import dump
from tickfold.storage.bucket import Bucket

CONTEXT: Any = SimpleNamespace(
    function_name="any", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="1"
)
MODULES: list[Any] = [
    authorize,
    connect,
    disconnect,
    message,
    deliver,
    plan,
    simulate,
    reduce,
    report_failure,
    reconcile,
]
CONNECTION = {"connection_id": "c1", "api_request_id": "q1"}
TOKEN = "eyJ.of-the.client"  # noqa: S105


@pytest.fixture(scope="module")
def issuer() -> Iterator[Provider]:
    with provider() as serving:
        yield serving


@pytest.fixture
def log(bucket: Bucket, runs: RunLifecycle, issuer: Provider, monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What the functions log, in an environment in which a run has begun and its series is loaded."""
    for name, value in {
        settings.CONNECTIONS_TABLE: CONNECTIONS,
        settings.SUBSCRIPTIONS_TABLE: SUBSCRIPTIONS,
        settings.RUNS_TABLE: RUNS,
        settings.USERS_TABLE: USERS,
        settings.BARS_TABLE: BARS,
        settings.PROVIDERS: "[]",
        settings.BUCKET: BUCKET,
        settings.CONNECTIONS_ENDPOINT: "https://a1b2c3d4e5.execute-api.eu-north-1.amazonaws.com/live",
        settings.STATE_MACHINE_ARN: STATE_MACHINE_ARN,
        settings.TRADING_TABLE: TRADING,
        settings.ALERTS_TABLE: ALERTS,
        settings.ALERT_LINKS_URL: "https://links.example/",
        settings.EVENT_SOURCE: "tickfold.test",
        settings.RUNNING_LIMIT: "20",
        settings.DAILY_LIMIT: "2000",
        settings.REDUCE_MEMORY: "3008",
        settings.WORKERS: "4",
        settings.ACTIVE_LIMIT: "1",
        settings.ISSUER: issuer.url,
        settings.AUDIENCE: "tickfold",
        settings.PORTFOLIOS_CLAIM: "portfolios",
    }.items():
        monkeypatch.setenv(name, value)
    written = StringIO()
    for module in MODULES:
        module.dependencies.cache_clear()
        logger = step.logger if module in (plan, simulate, reduce) else module.logger
        monkeypatch.setattr(logger.registered_handler, "stream", written)
    load(bucket, "WALK", walk(1))
    begin(runs)
    return written


def websocket_event(body: object = None, **more: Any) -> dict[str, Any]:
    user = {"user_id": "ada", "portfolios": "growth", "expires_at": "4000000000"}
    context = {"connectionId": "c1", "requestId": "q1", "messageId": "m1", "authorizer": user}
    return {"requestContext": context, "body": json.dumps(body), "queryStringParameters": {"token": TOKEN}} | more


def authorizer_event(token: str) -> dict[str, Any]:
    context = {"connectionId": "c1", "requestId": "q1"}
    return {
        "type": "REQUEST",
        "methodArn": "arn:aws:execute-api:eu-north-1:111122223333:a1b2c3d4e5/live/$connect",
        "requestContext": context,
        "queryStringParameters": {"token": token},
    }


def stream_event(**of: str) -> dict[str, Any]:
    bars = {"symbol": "GOOG", "timeframe": "1m", "first": 1, "sequence": 1, "bars": []}
    row = {"body": {"S": json.dumps(bars)}, "topics": {"L": [{"S": "any"}]}}
    named = {name: {"S": value} for name, value in of.items()}
    return {"Records": [{"eventName": "INSERT", "dynamodb": {"NewImage": row | named}}]}


def plan_event() -> dict[str, Any]:
    request = json.loads(dump(config(chunks=1)))
    return {"run_id": "r1", "request": request, "execution_arn": "arn", "started_at": "2026-01-31T12:00:00Z"}


STEP = {"run_id": "r1"}
PING = {"type": "ping", "correlationId": "mine"}
RESUME = {"type": "resume", "runId": "r1", "after": 0, "correlationId": "mine"}
CALLS: dict[str, tuple[Any, Callable[[], dict[str, Any]], dict[str, Any]]] = {
    "refused": (authorize, lambda: authorizer_event(TOKEN), CONNECTION),
    "connect": (connect, websocket_event, CONNECTION | {"user_id": "ada"}),
    "connect to a portfolio of others": (
        connect,
        lambda: websocket_event(queryStringParameters={"portfolioId": "theirs", "token": TOKEN}),
        CONNECTION | {"user_id": "ada"},
    ),
    "disconnect": (disconnect, websocket_event, CONNECTION | {"user_id": "ada"}),
    "disconnect of nobody": (
        disconnect,
        lambda: {"requestContext": {"connectionId": "c1", "requestId": "q1"}},
        CONNECTION,
    ),
    "ping": (
        message,
        lambda: websocket_event(PING),
        CONNECTION | {"user_id": "ada", "request": "ping", "correlation_id": "mine"},
    ),
    "resume": (
        message,
        lambda: websocket_event(RESUME),
        CONNECTION | {"user_id": "ada", "request": "resume", "correlation_id": "mine", "run_id": "r1"},
    ),
    "unsubscribe": (
        message,
        lambda: websocket_event({"type": "unsubscribe", "topic": "symbol", "id": "GOOG"}),
        CONNECTION | {"request": "unsubscribe", "topic": "symbol", "topic_id": "GOOG"},
    ),
    "deliver": (deliver, lambda: stream_event(run_id="r1"), {"run_ids": ["r1"], "series": []}),
    "deliver bars": (deliver, lambda: stream_event(series="GOOG#1m"), {"run_ids": [], "series": ["GOOG#1m"]}),
    "plan": (plan, plan_event, STEP | {"stage": "plan"}),
    "simulate": (simulate, lambda: {"run_id": "r1", "symbol": "WALK", "chunk": 0}, STEP | {"stage": "simulate"}),
    "reduce": (reduce, lambda: STEP, STEP | {"stage": "reduce"}),
    "report failure": (
        report_failure,
        lambda: {"detail": {"name": "r1", "status": "ABORTED"}},
        STEP | {"user_id": "ada", "status": "ABORTED"},
    ),
    "reconcile": (reconcile, dict, STEP),
}


def invoke(module: Any, event: dict[str, Any]) -> None:
    """Invoke a function; what it raises is not the concern of these tests, but what it logs."""
    try:
        module.handler(event, CONTEXT)
    except Exception as error:
        print(f"raised {error!r}")


def lines(log: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.mark.parametrize("call", CALLS)
def test_every_line_of_a_function_names_what_it_is_about(log: StringIO, call: str) -> None:
    module, event, keys = CALLS[call]
    for _ in range(2):  # what an invocation appends stays with it
        invoke(module, event())
    found = lines(log)
    assert found
    assert [{name: line.get(name) for name in keys} for line in found] == [keys] * len(found)
    assert TOKEN not in log.getvalue()


def test_every_function_is_called() -> None:
    assert {module for module, _, _ in CALLS.values()} == {*MODULES}


def test_accepted_user_is_named_without_its_token(log: StringIO, issuer: Provider) -> None:
    token = issuer.token()
    invoke(authorize, authorizer_event(token))
    invoke(authorize, authorizer_event(TOKEN))
    line, of_another = lines(log)
    assert (line["message"], line["user_id"], line["connection_id"]) == ("accepted", "auth0|ada", "c1")
    assert "user_id" not in of_another
    assert token not in log.getvalue()


def test_keys_of_one_client_are_not_in_the_lines_of_the_next(log: StringIO) -> None:
    invoke(message, websocket_event(RESUME))
    log.truncate(0)
    log.seek(0)
    invoke(message, websocket_event({"type": "ping"}))
    assert not [line for line in lines(log) if "run_id" in line or "correlation_id" in line]


def test_started_run_is_named_beside_its_user(log: StringIO) -> None:
    request = {"type": "start_backtest", "config": json.loads(dump(config(chunks=1)))}
    invoke(message, websocket_event(request))
    last = lines(log)[-1]
    assert last["run_id"].startswith("walk-")
    assert last["user_id"] == "ada"
