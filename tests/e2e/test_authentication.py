"""Authentication at the WebSocket handshake, by the deployed authorizer on the emulator."""

import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from embedded.issuer import AUDIENCE, Issuer
from embedded.stack import EmbeddedStack
from tests.e2e.websocket_client import SECONDS
from tickfold.identity.handshake import subprotocols_with
from tickfold.identity.user import User

PATIENCE = 30


@pytest.fixture
def place(stack: EmbeddedStack) -> str:
    return stack.outputs["websocket_url"]


@pytest.fixture
def stranger() -> Iterator[Issuer]:
    """An issuer that the stack does not trust."""
    issuer = Issuer()
    issuer.start()
    yield issuer
    issuer.stop()


def status_of(url: str, subprotocols: list[str] | None = None) -> int:
    """Return the HTTP status of a handshake."""
    try:
        with connect(url, subprotocols=subprotocols, open_timeout=SECONDS):  # type: ignore[arg-type] # a NewType
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def test_token_in_query_string_or_subprotocols_is_accepted(stack: EmbeddedStack, place: str) -> None:
    token = stack.token("ada")
    assert status_of(f"{place}?token={token}") == 101
    assert status_of(place, subprotocols_with(token)) == 101
    assert status_of(place, list(reversed(subprotocols_with(token)))) == 101


def refused(stack: EmbeddedStack, stranger: Issuer) -> dict[str, str]:
    """Return invalid tokens."""
    good = stack.token("ada")
    header, claims, signature = good.split(".")
    return {
        "junk": "junk",
        "empty": "",
        "expired": stack.token("ada", seconds=-60),
        "of another issuer": stranger.token("ada"),
        "without its signature": f"{header}.{claims}.",
        "changed": f"{header}.{stack.token('eve').split('.')[1]}.{signature}",
        "unsigned": jwt.encode({"iss": stack.issuer.url, "aud": AUDIENCE, "sub": "a", "exp": 9e9}, "", "none"),
        "too long": stack.token("a" * 9_000),
        "of a nameless user": stack.token(""),
    }


@pytest.mark.parametrize(
    "case",
    [
        "junk",
        "empty",
        "expired",
        "of another issuer",
        "without its signature",
        "changed",
        "unsigned",
        "too long",
        "of a nameless user",
    ],
)
def test_invalid_token_is_refused_at_the_handshake(
    stack: EmbeddedStack, place: str, stranger: Issuer, case: str
) -> None:
    token = refused(stack, stranger)[case]
    assert status_of(f"{place}?token={token}") == 403
    assert status_of(place, subprotocols_with(token)) == 403


def test_missing_token_is_refused_at_the_handshake(place: str) -> None:
    assert status_of(place) == 403
    assert status_of(place, ["tickfold"]) == 403
    assert status_of(f"{place}?portfolioId=growth") == 403


def test_foreign_portfolio_is_refused_at_the_handshake(stack: EmbeddedStack, place: str) -> None:
    url = f"{place}?token={stack.token('ada', ['growth', 'income'])}"
    assert status_of(f"{url}&portfolioId=income") == 101
    assert status_of(f"{url}&portfolioId=other") == 403
    assert status_of(f"{url}&portfolioId=") == 403
    assert status_of(f"{place}?token={stack.token('bob')}&portfolioId=income") == 403


def test_connection_row_expires_with_its_token(stack: EmbeddedStack, place: str) -> None:
    before = int(time.time())
    with connect(f"{place}?token={stack.token('brief', seconds=100)}", open_timeout=SECONDS):
        (row,) = rows_of(stack, "brief")
    assert before + 100 <= int(row["expires_at"]["N"]) <= int(time.time()) + 100
    assert "portfolios" not in row


def rows_of(stack: EmbeddedStack, user: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = stack.client("dynamodb").scan(TableName=stack.outputs["connections_table"])["Items"]
    return [row for row in rows if row.get("user_id") == {"S": user}]


def test_rotated_issuer_key_is_accepted_without_deployment(stack: EmbeddedStack, place: str) -> None:
    old = stack.token("ada")
    assert status_of(f"{place}?token={old}") == 101
    stack.issuer.rotate()
    try:
        new = stack.token("ada")
        assert jwt.get_unverified_header(new)["kid"] != jwt.get_unverified_header(old)["kid"]
        # The authorizer may have asked for the keys a moment ago, and then it does not ask again for some seconds.
        deadline = time.monotonic() + PATIENCE
        while status_of(f"{place}?token={new}") != 101:
            assert time.monotonic() < deadline, "the new key is not taken"
        assert status_of(f"{place}?token={old}") == 101
    finally:
        # The HTTP API's authorizer keeps the keys for two hours, and would refuse the tokens of other tests.
        stack.issuer.rotate_back()


def test_logs_contain_no_token_and_the_reason_of_a_refusal(stack: EmbeddedStack, place: str) -> None:
    since = int(time.time() * 1000)
    tokens = [stack.token("logged"), stack.token("logged", seconds=-60)]
    assert [status_of(f"{place}?token={token}") for token in tokens] == [101, 403]
    assert [status_of(place, subprotocols_with(token)) for token in tokens] == [101, 403]
    # The emulator keeps no log of what a WebSocket invokes, but for the authorizer.
    invoke_connect(stack, tokens[0])
    wait_for_log(stack, "authorize", since, "the token has expired")
    wait_for_log(stack, "connect", since, '"connected"')
    groups = [group["logGroupName"] for group in stack.client("logs").describe_log_groups()["logGroups"]]
    for group in groups:
        everything = logged(stack, group, since)
        assert [token for token in tokens if token.split(".")[1] in everything or token in everything] == [], group


def invoke_connect(stack: EmbeddedStack, token: str) -> None:
    """Invoke the authorizer as API Gateway does, with `token` in the query string and in the subprotocols."""
    event = {
        "queryStringParameters": {"token": token},
        "headers": {"Sec-WebSocket-Protocol": ", ".join(subprotocols_with(token))},
        "requestContext": {"connectionId": "logged=", "authorizer": User("logged", (), 2**31).to_context()},
    }
    answer = stack.client("lambda").invoke(
        FunctionName="tickfold-embedded-connect:live", Payload=json.dumps(event).encode()
    )
    agreed = {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "tickfold"}}
    assert json.loads(answer["Payload"].read()) == agreed


def wait_for_log(stack: EmbeddedStack, function: str, since: int, text: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while text not in logged(stack, f"/aws/lambda/tickfold-embedded-{function}", since):
        assert time.monotonic() < deadline, f"{text} is not in the log of {function}"
        time.sleep(0.05)


def logged(stack: EmbeddedStack, group: str, since: int) -> str:
    pages = stack.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since)
    return "\n".join(event["message"] for page in pages for event in page["events"])
