"""The client: starts runs and follows them over a WebSocket.

A run outlives its connection. If the connection drops, the client reconnects and resumes after the last message that
it has, so its caller sees each message once and in order. Each name is imported when it is first used, so that who
needs the errors or the timeouts alone does not wait for the rest.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
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

_MODULES: Final = {
    "Client": "client",
    "Patience": "patience",
    "RefusedError": "errors",
    "RunCancelledError": "errors",
    "RunFailedError": "errors",
    "RunHandle": "run",
    "RunTimeoutError": "errors",
    "Subscription": "subscription",
    "Token": "token",
    "UnauthorizedError": "errors",
    "UnreachableError": "errors",
}

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


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
