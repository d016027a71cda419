"""Talks to the stack's WebSocket as any client would: raw JSON in, raw JSON out."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

Json = dict[str, Any]
FINAL = ("result", "failed", "cancelled", "error")
SECONDS = 60
"""A message that takes longer than this to come is not coming."""


class Conversation:
    """An open connection, and every message that came over it."""

    def __init__(self, socket: ClientConnection, seconds: float) -> None:
        self._socket = socket
        self._seconds = seconds
        self.frames: list[str] = []

    def say(self, message: Json | str) -> None:
        """Send `message`."""
        self._socket.send(message if isinstance(message, str) else json.dumps(message))

    def hear(self) -> Json:
        """Wait for the next message."""
        heard: Json = json.loads(self.hear_frame())
        return heard

    def hear_frame(self) -> str:
        """Wait for the next message, as it comes."""
        frame = self._socket.recv(timeout=self._seconds)
        assert isinstance(frame, str)
        self.frames.append(frame)
        return frame

    def hear_out(self) -> list[Json]:
        """Wait for messages up to the one that ends a run, or refuses it."""
        heard, deadline = [self.hear()], time.monotonic() + 3 * self._seconds
        while heard[-1]["type"] not in FINAL:
            assert time.monotonic() < deadline, "there is no end"
            heard.append(self.hear())
        return heard

    def is_closed(self) -> bool:
        """Wait until the server closes the connection; tell whether it did so without another word."""
        try:
            self._socket.recv(timeout=self._seconds)
        except ConnectionClosed:
            return True
        return False

    def heard_nothing_more(self) -> bool:
        """Tell whether the next answer is the one to a ping, so that nothing else was on its way."""
        self.say({"type": "ping"})
        return bool(self.hear()["type"] == "pong")


@contextmanager
def conversation(url: str, seconds: float = SECONDS) -> Iterator[Conversation]:
    """Open a connection to `url`, on which each message is awaited for `seconds`."""
    with connect(url, open_timeout=SECONDS, max_size=32_768) as socket:
        yield Conversation(socket, seconds)


def start(stock: Any = "AAPL", first: str = "2000-03-01", last: str = "2013-03-01", **config: Any) -> Json:
    """Return a request for a run."""
    base = {"stock": stock, "startDate": first, "endDate": last, "startCapital": 10_000}
    return {"type": "start_backtest", "mode": "cloud", "config": base | config}


def sweep(stock: str | list[str] = "AAPL", **config: Any) -> Json:
    """Return a request for a sweep of an SMA cross: five sets of parameters, and one that cannot be run."""
    parameters = {"fast": {"from": 10, "to": 30, "step": 10}, "slow": [25, 60]}
    request = start(stock, strategy="sma_cross", **{"parameters": parameters} | config)
    return request | {"type": "start_sweep"}


SMA: Json = {"strategy": "sma_cross", "parameters": {"fast": 10, "slow": 30}}


def run(url: str, request: Json) -> list[Json]:
    """Start a run and return all of its messages."""
    with conversation(url) as client:
        client.say(request)
        return client.hear_out()
