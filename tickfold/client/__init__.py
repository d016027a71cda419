"""The client: starts and follows runs, follows symbols, and trades in portfolios, over a WebSocket.

A run outlives its connection. If the connection drops, the client reconnects and resumes after the last message that
it has, so its caller sees each message once and in order. Each name is imported when it is first used, so that who
needs the errors or the timeouts alone does not wait for the rest.
"""

from typing import TYPE_CHECKING

from tickfold.lazy_names import lazy_names

if TYPE_CHECKING:
    from tickfold.client.alert_stream import AlertStream
    from tickfold.client.bar import Bar
    from tickfold.client.bar_stream import BarStream
    from tickfold.client.client import Client
    from tickfold.client.connection_status import ConnectionStatus
    from tickfold.client.errors import (
        RefusedError,
        RunCancelledError,
        RunFailedError,
        RunTimeoutError,
        UnauthorizedError,
        UnreachableError,
    )
    from tickfold.client.journal_stream import JournalStream
    from tickfold.client.patience import Patience
    from tickfold.client.run import RunHandle
    from tickfold.client.subscription import Subscription
    from tickfold.client.token import Token
else:
    __getattr__, __dir__ = lazy_names(
        globals(),
        {
            "alert_stream": ("AlertStream",),
            "bar": ("Bar",),
            "bar_stream": ("BarStream",),
            "client": ("Client",),
            "connection_status": ("ConnectionStatus",),
            "errors": (
                "RefusedError",
                "RunCancelledError",
                "RunFailedError",
                "RunTimeoutError",
                "UnauthorizedError",
                "UnreachableError",
            ),
            "journal_stream": ("JournalStream",),
            "patience": ("Patience",),
            "run": ("RunHandle",),
            "subscription": ("Subscription",),
            "token": ("Token",),
        },
    )

__all__ = [
    "AlertStream",
    "Bar",
    "BarStream",
    "Client",
    "ConnectionStatus",
    "JournalStream",
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
