"""The WebSocket handshake: the client's token and its subprotocol.

The list of subprotocols is the only header that a browser lets a page set in the handshake. A token is sent either
there, as `bearer.TOKEN` beside `tickfold`, or in the query string, as `?token=TOKEN`.
"""

from collections.abc import Mapping
from typing import Any

SUBPROTOCOL = "tickfold"
"""The WebSocket subprotocol of the messages in docs/reference/protocol.md."""

_BEARER = "bearer."


def subprotocols_with(token: str) -> list[str]:
    """Return the subprotocols that a client offers to authenticate with `token`."""
    return [SUBPROTOCOL, _BEARER + token]


def token_of(event: Mapping[str, Any]) -> str | None:
    """Return the token in a `$connect` event: from the query string, or else from the subprotocols."""
    if token := query_of(event).get("token"):
        return token
    offered = (name for name in subprotocols_of(event) if name.startswith(_BEARER))
    return next((name.removeprefix(_BEARER) for name in offered), None)


def subprotocols_of(event: Mapping[str, Any]) -> list[str]:
    """Return the subprotocols that the client offers in a `$connect` event."""
    headers: Mapping[str, str] = event.get("headers") or {}
    offered = [value for name, value in headers.items() if name.lower() == "sec-websocket-protocol"]
    return [name.strip() for value in offered for name in value.split(",")]


def query_of(event: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the query string parameters of a `$connect` event."""
    return event.get("queryStringParameters") or {}
