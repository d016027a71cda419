"""A WebSocket client that knows nothing of Tickfold: raw JSON in, raw JSON out."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

Json = dict[str, Any]
FINAL = ("result", "failed", "cancelled", "error")
SECONDS = 60
"""Timeout of a message."""
_GLANCE_SECONDS = 0.5


class WebSocketClient:
    """An open connection and every message received over it.

    It waits `seconds` for a message, or until `hopeless` says that none will come.
    """

    def __init__(self, socket: ClientConnection, seconds: float, hopeless: Callable[[], bool]) -> None:
        self._socket = socket
        self._seconds = seconds
        self._hopeless = hopeless
        self.frames: list[str] = []

    def send(self, message: Json | str) -> None:
        """Send `message`."""
        self._socket.send(message if isinstance(message, str) else json.dumps(message))

    def receive(self) -> Json:
        """Wait for the next message."""
        received: Json = json.loads(self.receive_text())
        return received

    def receive_text(self) -> str:
        """Wait for the next message and return its text."""
        frame = self._frame()
        assert isinstance(frame, str)
        self.frames.append(frame)
        return frame

    def receive_all(self) -> list[Json]:
        """Wait for messages up to a run's last, or an error."""
        received, deadline = [self.receive()], time.monotonic() + 3 * self._seconds
        while received[-1]["type"] not in FINAL:
            assert time.monotonic() < deadline, "the run did not end"
            received.append(self.receive())
        return received

    def is_closed(self) -> bool:
        """Return whether the server closes the connection without sending another message."""
        try:
            self._frame()
        except ConnectionClosed:
            return True
        return False

    def _frame(self) -> str | bytes:
        deadline = time.monotonic() + self._seconds
        while True:
            try:
                return self._socket.recv(timeout=_GLANCE_SECONDS)
            except TimeoutError:
                if time.monotonic() > deadline or self._hopeless():
                    raise

    def is_idle(self) -> bool:
        """Return whether no message is pending: the next one is the reply to a ping."""
        self.send({"type": "ping"})
        return bool(self.receive()["type"] == "pong")


@contextmanager
def connected(
    url: str, seconds: float = SECONDS, hopeless: Callable[[], bool] = lambda: False
) -> Iterator[WebSocketClient]:
    """Open a connection to `url` with a timeout of `seconds` for each message, cut short where it is `hopeless`."""
    with connect(url, open_timeout=SECONDS, max_size=32_768) as socket:
        yield WebSocketClient(socket, seconds, hopeless)


def start(stock: Any = "AAPL", first: str = "2000-03-01", last: str = "2013-03-01", **config: Any) -> Json:
    """Return a request to start a backtest."""
    base = {"stock": stock, "startDate": first, "endDate": last, "startCapital": 10_000}
    return {"type": "start_backtest", "mode": "cloud", "config": base | config}


def sweep(stock: str | list[str] = "AAPL", **config: Any) -> Json:
    """Return a request to start a sweep of an SMA cross: five parameter sets, and one that the strategy rejects."""
    parameters = {"fast": {"from": 10, "to": 30, "step": 10}, "slow": [25, 60]}
    request = start(stock, strategy="sma_cross", **{"parameters": parameters} | config)
    return request | {"type": "start_sweep"}


SMA: Json = {"strategy": "sma_cross", "parameters": {"fast": 10, "slow": 30}}


def run(url: str, request: Json) -> list[Json]:
    """Start a run; return all of its messages."""
    with connected(url) as client:
        client.send(request)
        return client.receive_all()
