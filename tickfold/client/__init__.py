"""The client: starts runs and follows them over a WebSocket.

A run outlives its connection. If the connection drops, the client reconnects and resumes after the last message that
it has, so its caller sees each message once and in order.
"""

from tickfold.client.client import Client
from tickfold.client.errors import (
    RefusedError,
    RunCancelledError,
    RunFailedError,
    RunTimeoutError,
    UnauthorizedError,
    UnreachableError,
)
from tickfold.client.patience import Patience
from tickfold.client.run import RunHandle
from tickfold.client.subscription import Subscription
from tickfold.client.token import Token

__all__ = [
    "Client",
    "Patience",
    "RefusedError",
    "RunCancelledError",
    "RunFailedError",
    "RunHandle",
    "RunTimeoutError",
    "Subscription",
    "Token",
    "UnauthorizedError",
    "UnreachableError",
]
