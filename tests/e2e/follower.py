"""Followers: witnesses of what comes over a connection, frame by frame, who know nothing of Tickfold's own client.

All connections live on one event loop in a thread of its own, so that what a test does meanwhile delays no frame.
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
"""What takes longer than this is not coming."""
OPENINGS = 4
"""Handshakes at once: each is two functions' work."""


@dataclass(frozen=True)
class Frame:
    """What came, and when, in seconds since 1970 UTC."""

    text: str
    received_at: float

    @cached_property
    def message(self) -> Json:
        found: Json = json.loads(self.text)
        return found


class Follower:
    """One connection, with every frame that came over it."""

    def __init__(self, socket: ClientConnection, followers: "Followers") -> None:
        self._socket = socket
        self._followers = followers
        self._arrived = threading.Condition()
        self._reading: asyncio.Task[None] | None = None
        self.frames: list[Frame] = []
        self.is_closed = False

    def say(self, message: Json) -> None:
        """Send `message`."""
        self._followers.run(self._socket.send(json.dumps(message)))

    def wait_for(self, wanted: Callable[[Json], bool], seconds: float = SECONDS) -> Json:
        """Wait until a message has come that is `wanted`, and return the first such."""
        self.wait_until(lambda: any(wanted(frame.message) for frame in list(self.frames)), seconds)
        return next(frame.message for frame in self.frames if wanted(frame.message))

    def wait_until(self, done: Callable[[], bool], seconds: float = SECONDS) -> None:
        """Wait until `done`, which is asked after each frame and when the connection is closed."""
        with self._arrived:
            came = self._arrived.wait_for(done, seconds)
        assert came, (
            f"waited {seconds} s in vain; the last frames are {[frame.text[:300] for frame in self.frames[-3:]]}"
        )

    def wait_for_close(self, seconds: float = SECONDS) -> None:
        """Wait until the connection is closed by the other side."""
        self.wait_until(lambda: self.is_closed, seconds)

    def cut(self) -> None:
        """Drop the connection, without the closing handshake."""
        self._followers.run(self._abort())

    def close(self) -> None:
        """Close the connection, as a browser does."""
        self._followers.run(self._socket.close())

    def of(self, run_id: str) -> list[Frame]:
        """Return one run's messages, in the order in which they came; answers have no number."""
        return [frame for frame in self.frames if frame.message["runId"] == run_id and frame.message["sequence"] > 0]

    def read(self) -> None:
        """Begin to read; runs on the loop."""
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


class Followers:
    """The event loop, and whoever follows on it; all are closed at the end."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="followers", daemon=True)
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

    def open(self, url: str, *, reads: bool = True) -> Follower:
        """Open a connection; one that never `reads` lets everything pile up."""
        return self.open_all([url], reads=reads)[0]

    def open_all(self, urls: Sequence[str], *, reads: bool = True) -> list[Follower]:
        """Open a connection to each of `urls`, some at once."""
        return self.run(self._open_all(urls, reads))

    def run(self, work: Coroutine[Any, Any, Outcome]) -> Outcome:
        """Carry out `work` on the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10 * SECONDS)

    async def _open_all(self, urls: Iterable[str], reads: bool) -> list[Follower]:
        some = asyncio.Semaphore(OPENINGS)

        async def open_one(url: str) -> Follower:
            async with some:
                socket = await connect(url, open_timeout=SECONDS, ping_interval=None, max_size=32_768)
            self._sockets.append(socket)
            follower = Follower(socket, self)
            if reads:
                follower.read()
            return follower

        return list(await asyncio.gather(*(open_one(url) for url in urls)))

    async def _close_all(self) -> None:
        for socket in self._sockets:
            socket.transport.abort()
        await asyncio.gather(*(socket.wait_closed() for socket in self._sockets))


@dataclass
class Client:
    """A client that loses its connection, and comes back for what it missed."""

    url: str
    followers: Followers
    connections: list[Follower] = field(default_factory=list)

    def connect(self) -> Follower:
        """Open another connection."""
        self.connections.append(self.followers.open(self.url))
        return self.connections[-1]

    def resume(self, run_id: str) -> Follower:
        """Open another connection, and ask for what was missed of a run."""
        last = self.last_in_order(run_id)
        follower = self.connect()
        follower.say({"type": "resume", "runId": run_id, "after": last})
        return follower

    def copies(self, run_id: str) -> dict[int, list[str]]:
        """Return, by sequence number, every copy that came of a run's messages."""
        copies: dict[int, list[str]] = {}
        for follower in self.connections:
            for frame in follower.of(run_id):
                copies.setdefault(frame.message["sequence"], []).append(frame.text)
        return copies

    def last_in_order(self, run_id: str) -> int:
        """Return the sequence number up to which nothing is missing."""
        copies, last = self.copies(run_id), 0
        while last + 1 in copies:
            last += 1
        return last
