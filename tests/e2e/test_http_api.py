"""The HTTP API on the emulator: its authorizer, whose runs are whose, what is changed by one door and pushed by the
other, and its own OpenAPI document."""

import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
import schemathesis
import urllib3
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from embedded.issuer import ALGORITHM, Issuer
from embedded.stack import EmbeddedStack
from functions.api.openapi import document
from tests.conftest import url_for
from tests.e2e.fed_symbol import fed_symbol
from tests.e2e.websocket_client import SMA, Json, connected, start

PATIENCE = 120


@pytest.fixture
def place(stack: EmbeddedStack) -> str:
    return stack.outputs["http_url"]


@pytest.fixture
def stranger() -> Iterator[Issuer]:
    """An issuer that the stack does not trust."""
    issuer = Issuer()
    issuer.start()
    yield issuer
    issuer.stop()


def ask(method: str, url: str, token: str | None = None, body: Any = None, **headers: str) -> urllib3.BaseHTTPResponse:
    """Send a request, as any HTTP client would."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if token is not None:
        given["Authorization"] = f"Bearer {token}"
    if body is not None:
        given.setdefault("Content-Type", "application/json")
    text = None if body is None else json.dumps(body)
    return urllib3.request(method, url, headers=given, body=text, retries=False, timeout=PATIENCE)


def for_audience(stack: EmbeddedStack, audience: str) -> str:
    """Return a token that the stack's issuer has signed for another application."""
    key_id, key = list(stack.issuer._keys.items())[-1]
    claims = {"iss": stack.issuer.url, "aud": audience, "sub": "ada", "iat": 0, "exp": int(time.time()) + 60}
    return jwt.encode(claims, key, ALGORITHM, headers={"kid": key_id})


def ended(place: str, location: str, token: str) -> Json:
    """Wait until a run has ended; return what is known of it."""
    deadline = time.monotonic() + PATIENCE
    while (found := ask("GET", place + location, token).json())["status"] == "running":
        assert time.monotonic() < deadline, "the run goes on"
        time.sleep(0.5)
    known: Json = found
    return known


def test_token_is_verified_before_anything_else(stack: EmbeddedStack, place: str, stranger: Issuer) -> None:
    url = f"{place}/v1/whoami"
    good = stack.token("ada", ["growth"])
    assert ask("GET", url, good).json()["userId"] == "ada"
    header, claims, signature = good.split(".")
    refused = {
        "none": None,
        "junk": "junk",
        "expired": stack.token("ada", seconds=-60),
        "for another audience": for_audience(stack, "account"),
        "of another issuer": stranger.token("ada"),
        "changed": f"{header}.{stack.token('eve').split('.')[1]}.{signature}",
        "unsigned": f"{header}.{claims}.",
    }
    assert {case: ask("GET", url, token).status for case, token in refused.items()} == dict.fromkeys(refused, 401)


def test_document_needs_no_token_and_everything_else_does(place: str) -> None:
    assert ask("GET", f"{place}/v1/openapi.json").json() == document()
    for path, methods in document()["paths"].items():
        for method in methods:
            assert ask(method.upper(), place + path.replace("{", "").replace("}", "")).status == 401


def test_run_is_started_over_http_and_followed_over_the_socket(stack: EmbeddedStack, place: str) -> None:
    user = f"user-{secrets.token_hex(4)}"
    token = stack.token(user)
    with connected(url_for(stack, user)) as client:
        client.send({"type": "subscribe", "topic": "user"})
        assert client.receive()["type"] == "subscribed"
        started = ask("POST", f"{place}/v1/runs", token, start(**SMA, chunks=2))
        received = client.receive_all()
    assert started.status == 202
    location = started.headers["Location"]
    assert ended(place, location, token)["status"] == "succeeded"
    assert ask("GET", f"{place}{location}/messages", token).json()["messages"] == received
    assert ask("GET", f"{place}{location}/result", token).json() == received[-1]
    curve = ask("GET", f"{place}{location}/equity?points=50", token).json()
    assert curve["points"][-1][1] == received[-1]["metrics"]["final_equity"]
    trades = ask("GET", f"{place}{location}/trades?limit=1000", token).json()
    assert trades["total"] == len(trades["trades"]) == received[-1]["metrics"]["trades"]
    etag = ask("GET", f"{place}{location}/result", token).headers["ETag"]
    kept = ask("GET", f"{place}{location}/result", token, If_None_Match=etag)
    assert (kept.status, kept.data) == (304, b"")


def test_order_placed_over_http_is_pushed_to_the_portfolio_s_subscriber(stack: EmbeddedStack, place: str) -> None:
    user = f"user-{secrets.token_hex(4)}"
    token, portfolio = stack.token(user), f"{place}/v1/portfolios/growth"
    assert ask("POST", f"{place}/v1/portfolios", token, {"name": "growth", "cash": 10_000}).status == 201
    with fed_symbol(stack) as fed, connected(url_for(stack, user)) as watcher:
        watcher.send({"type": "subscribe", "topic": "journal", "id": "growth", "after": 1})
        assert watcher.receive()["type"] == "subscribed"
        order = {"symbol": fed.symbol, "side": "buy", "quantity": 10}
        placed = ask("POST", f"{portfolio}/orders", token, {"order": order}, Idempotency_Key="first")
        pushed = watcher.receive()
        fed.feed(6, 6)
        fed.trade(6, 6)
        filled = watcher.receive()
    assert (placed.status, placed.json()["order"]["orderId"]) == (201, "first")
    assert (pushed["type"], pushed["sequence"], pushed["by"]) == ("journal_entry", 2, user)
    assert [event["order"] for event in pushed["events"]] == [placed.json()["order"]]
    assert filled["events"][0]["type"] == "fill"
    order_path = placed.headers["Location"]
    assert ask("GET", place + order_path, token).json()["order"]["status"] == "filled"
    assert ask("PATCH", place + order_path, token, {"quantity": 11}).json()["code"] == "conflict"
    (position,) = ask("GET", f"{portfolio}/positions", token).json()["positions"]
    assert (position["symbol"], position["quantity"]) == (fed.symbol, 10)


def test_run_of_another_user_does_not_exist(stack: EmbeddedStack, place: str) -> None:
    owner, other, friend = stack.token("ada", ["joint"]), stack.token("bob"), stack.token("fay", ["joint"])
    body = start(**SMA, chunks=1) | {"portfolio": "joint"}
    location = ask("POST", f"{place}/v1/runs", owner, body).headers["Location"]
    for part in ("", "/result", "/trades", "/equity", "/messages"):
        refused = ask("GET", place + location + part, other)
        assert (refused.status, refused.json()["detail"]) == (404, f"there is no run {location.rpartition('/')[2]}")
    assert ask("DELETE", place + location, other).status == 404
    assert ask("GET", place + location, friend).status == 200
    assert ask("DELETE", place + location, owner).status in (200, 409)


def test_symbol_with_a_slash_is_found_escaped_or_not(stack: EmbeddedStack, place: str) -> None:
    token, symbol = stack.token("ada"), f"{secrets.token_hex(3).upper()}"
    for written in (f"{symbol}/USD", f"{symbol}%2FUSD"):
        added = ask("PUT", f"{place}/v1/feed/symbols/{written}", token, {"market": "24/7"})
        assert f"{symbol}/USD" in [each["symbol"] for each in added.json()["symbols"]]
        assert ask("DELETE", f"{place}/v1/feed/symbols/{written}", token).status == 200


def test_no_log_has_a_token(stack: EmbeddedStack, place: str) -> None:
    token = stack.token("logged")
    ask("GET", f"{place}/v1/whoami", token)
    ask("GET", f"{place}/v1/runs/r9", token)
    pages = (
        stack.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName="/aws/lambda/tickfold-embedded-http")
    )
    text = "".join(event["message"] for page in pages for event in page["events"])
    assert '"operation":"get_run"' in text.replace(" ", "")
    assert token.split(".")[1] not in text


# --- held to its own document -----------------------------------------------------------------------------------------

API = schemathesis.openapi.from_dict(document())
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def fuzzed(stack: EmbeddedStack) -> str:
    """The name of a portfolio of the user `fuzz`."""
    token, terms = stack.token("fuzz"), {"name": "growth", "cash": 1_000_000}
    assert ask("POST", f"{stack.outputs['http_url']}/v1/portfolios", token, terms).status == 201
    return "growth"


@API.parametrize()
@settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[*HealthCheck],
)
def test_every_answer_is_documented(case: schemathesis.Case[Any], stack: EmbeddedStack, fuzzed: str) -> None:
    """Whatever is sent: no answer but those that the document names, and none is an error of Tickfold's own.

    A path that names a portfolio names one that exists: no generated name would.
    """
    if "portfolio" in case.path_parameters:
        case.path_parameters["portfolio"] = fuzzed
    headers = {"Authorization": f"Bearer {stack.token('fuzz')}"}
    case.call_and_validate(base_url=stack.outputs["http_url"], headers=headers, checks=CHECKS, timeout=30)
