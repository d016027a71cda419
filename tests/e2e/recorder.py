"""Recorders: connections that record every frame with its time, without Tickfold's own client.

All connections share an event loop in a separate thread, so that a test that is busy delays no frame.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import TracebackType
from typing import Any, Self, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Json = dict[str, Any]
Outcome = TypeVar("Outcome")
SECONDS = 60
"""Timeout of anything awaited."""
OPENINGS = 4
"""Concurrent handshakes: each invokes two functions."""


@dataclass(frozen=True)
class Frame:
    """A received message and its time in seconds since 1970 UTC."""

    text: str
    received_at: float

    @cached_property
    def message(self) -> Json:
        found: Json = json.loads(self.text)
        return found


class Recorder:
    """A connection and every frame received over it."""

    def __init__(self, socket: ClientConnection, recorders: "Recorders") -> None:
        self._socket = socket
        self._recorders = recorders
        self._arrived = threading.Condition()
        self._reading: asyncio.Task[None] | None = None
        self.frames: list[Frame] = []
        self.is_closed = False

    def send(self, message: Json) -> None:
        """Send `message`."""
        self._recorders.run(self._socket.send(json.dumps(message)))

    def wait_for(self, wanted: Callable[[Json], bool], seconds: float = SECONDS) -> Json:
        """Wait for a message that is `wanted`; return the first."""
        self.wait_until(lambda: any(wanted(frame.message) for frame in list(self.frames)), seconds)
        return next(frame.message for frame in self.frames if wanted(frame.message))

    def wait_until(self, done: Callable[[], bool], seconds: float = SECONDS) -> None:
        """Wait until `done`, checked after each frame and when the connection closes."""
        with self._arrived:
            in_time = self._arrived.wait_for(done, seconds)
        assert in_time, (
            f"nothing within {seconds} s; the last frames are {[frame.text[:300] for frame in self.frames[-3:]]}"
        )

    def wait_for_close(self, seconds: float = SECONDS) -> None:
        """Wait until the server closes the connection."""
        self.wait_until(lambda: self.is_closed, seconds)

    def cut(self) -> None:
        """Drop the connection, without the closing handshake."""
        self._recorders.run(self._abort())

    def close(self) -> None:
        """Close the connection, as a browser does."""
        self._recorders.run(self._socket.close())

    def of(self, run_id: str) -> list[Frame]:
        """Return a run's messages in the order received, without replies, whose sequence is 0."""
        return [frame for frame in self.frames if frame.message["runId"] == run_id and frame.message["sequence"] > 0]

    def read(self) -> None:
        """Start reading. Must run on the event loop."""
        self._reading = asyncio.get_running_loop().create_task(self._read())

    async def _read(self) -> None:
        try:
            async for text in self._socket:
                with self._arrived:
                    self.frames.append(Frame(str(text), time.time()))
                    self._arrived.notify_all()
        except ConnectionClosed:
            pass
        with self._arrived:
            self.is_closed = True
            self._arrived.notify_all()

    async def _abort(self) -> None:
        self._socket.transport.abort()


class Recorders:
    """The event loop and its recorders, all closed at the end of the `with` block."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="recorders", daemon=True)
        self._sockets: list[ClientConnection] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.run(self._close_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def open(self, url: str, *, reads: bool = True) -> Recorder:
        """Open a connection; without `reads`, its messages accumulate unread."""
        return self.open_all([url], reads=reads)[0]

    def open_all(self, urls: Sequence[str], *, reads: bool = True) -> list[Recorder]:
        """Open a connection to each of `urls`, a few at a time."""
        return self.run(self._open_all(urls, reads))

    def run(self, work: Coroutine[Any, Any, Outcome]) -> Outcome:
        """Run `work` on the event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10 * SECONDS)

    async def _open_all(self, urls: Iterable[str], reads: bool) -> list[Recorder]:
        some = asyncio.Semaphore(OPENINGS)

        async def open_one(url: str) -> Recorder:
            async with some:
                socket = await connect(url, open_timeout=SECONDS, ping_interval=None, max_size=32_768)
            self._sockets.append(socket)
            recorder = Recorder(socket, self)
            if reads:
                recorder.read()
            return recorder

        return list(await asyncio.gather(*(open_one(url) for url in urls)))

    async def _close_all(self) -> None:
        for socket in self._sockets:
            socket.transport.abort()
        await asyncio.gather(*(socket.wait_closed() for socket in self._sockets))


@dataclass
class ReconnectingClient:
    """A client that loses its connection and resumes."""

    url: str
    recorders: Recorders
    connections: list[Recorder] = field(default_factory=list)

    def connect(self) -> Recorder:
        """Open another connection."""
        self.connections.append(self.recorders.open(self.url))
        return self.connections[-1]

    def resume(self, run_id: str) -> Recorder:
        """Open another connection and request the missed messages of a run."""
        last = self.last_in_order(run_id)
        recorder = self.connect()
        recorder.send({"type": "resume", "runId": run_id, "after": last})
        return recorder

    def copies(self, run_id: str) -> dict[int, list[str]]:
        """Return every received copy of a run's messages by sequence number."""
        copies: dict[int, list[str]] = {}
        for recorder in self.connections:
            for frame in recorder.of(run_id):
                copies.setdefault(frame.message["sequence"], []).append(frame.text)
        return copies

    def last_in_order(self, run_id: str) -> int:
        """Return the sequence number up to which no message is missing."""
        copies, last = self.copies(run_id), 0
        while last + 1 in copies:
            last += 1
        return last
