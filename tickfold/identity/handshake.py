"""What a client says in the WebSocket handshake: who it is, and which protocol it speaks.

A browser can set no header of the handshake but one: the list of subprotocols. So a token comes either there, as
`bearer.TOKEN` beside `tickfold`, or in the query string, as `?token=TOKEN`.
"""

from collections.abc import Mapping
from typing import Any

SUBPROTOCOL = "tickfold"
"""What the messages of docs/reference/protocol.md are called, where client and server agree on a subprotocol."""

_BEARER = "bearer."


def subprotocols_with(token: str) -> list[str]:
    """Return the subprotocols that a client offers to be let in by `token`."""
    return [SUBPROTOCOL, _BEARER + token]


def token_of(event: Mapping[str, Any]) -> str | None:
    """Return the token in an event of `$connect`; the query string comes before the subprotocols."""
    if token := query_of(event).get("token"):
        return token
    offered = (name for name in subprotocols_of(event) if name.startswith(_BEARER))
    return next((name.removeprefix(_BEARER) for name in offered), None)


def subprotocols_of(event: Mapping[str, Any]) -> list[str]:
    """Return the subprotocols that the client of an event of `$connect` offers."""
    headers: Mapping[str, str] = event.get("headers") or {}
    offered = [value for name, value in headers.items() if name.lower() == "sec-websocket-protocol"]
    return [name.strip() for value in offered for name in value.split(",")]


def query_of(event: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the query string's parameters in an event of `$connect`."""
    return event.get("queryStringParameters") or {}
