"""The handshake: token and subprotocols in a `$connect` event."""

from typing import Any

import pytest

from tickfold.identity.handshake import subprotocols_of, subprotocols_with, token_of


@pytest.mark.parametrize(
    ("event", "token"),
    [
        ({"queryStringParameters": {"token": "a.b.c"}}, "a.b.c"),
        ({"headers": {"Sec-WebSocket-Protocol": "tickfold, bearer.a.b.c"}}, "a.b.c"),
        ({"headers": {"sec-websocket-protocol": "bearer.a.b.c,tickfold"}}, "a.b.c"),
        ({"queryStringParameters": {"token": "q"}, "headers": {"Sec-WebSocket-Protocol": "bearer.h"}}, "q"),
        ({"queryStringParameters": {"token": ""}, "headers": {"Sec-WebSocket-Protocol": "bearer.h"}}, "h"),
        ({"queryStringParameters": None, "headers": None}, None),
        ({"headers": {"Authorization": "Bearer a.b.c", "Sec-WebSocket-Protocol": "tickfold"}}, None),
        ({}, None),
    ],
)
def test_token_is_in_the_query_string_or_else_in_the_subprotocols(event: dict[str, Any], token: str | None) -> None:
    assert token_of(event) == token


def test_server_reads_the_subprotocols_that_a_client_offers() -> None:
    event = {"headers": {"Sec-WebSocket-Protocol": ", ".join(subprotocols_with("a.b.c"))}}
    assert token_of(event) == "a.b.c"
    assert subprotocols_of(event) == ["tickfold", "bearer.a.b.c"]
