"""Delivery: sends the messages of runs to whoever is subscribed to them, to each in order, and to all at once."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Protocol

from tickfold.realtime.connections import ConnectionStore, Post

THREADS = 32
PATIENCE_SECONDS = 3.0
SECONDS_A_MESSAGE = 0.2
"""So much longer for each that there is for a connection; whoever takes longer delays the messages that come next."""


@dataclass(frozen=True)
class Parcel:
    """A run's message on its way: what it says, the topics it goes out under, and a connection that has it already."""

    body: str
    topics: tuple[str, ...]
    told: str | None = None


class Log(Protocol):
    """What delivery says of connections that it gave up."""

    def warning(self, message: str, /, *, extra: dict[str, str]) -> None: ...


@dataclass(frozen=True)
class Delivery:
    """Sends to subscribers, each of which has a queue of its own, so that a slow or dead one delays nobody else."""

    connections: ConnectionStore
    post: Post
    log: Log

    def deliver(self, parcels: Iterable[Parcel]) -> None:
        """Send `parcels`, in their order, to all who are subscribed.

        One who is gone is forgotten. One who cannot take them, or not in time, is cut off: its client will notice,
        connect again, and ask for what it missed.
        """
        queues: dict[str, list[Parcel]] = {}
        subscribers: dict[str, list[str]] = {}
        for parcel in parcels:
            for topic in parcel.topics:
                if topic not in subscribers:
                    subscribers[topic] = list(self.connections.subscribers(topic))
            for connection_id in {each for topic in parcel.topics for each in subscribers[topic]} - {parcel.told}:
                queues.setdefault(connection_id, []).append(parcel)
        self._send_to_all(queues)

    def _send_to_all(self, queues: dict[str, list[Parcel]]) -> None:
        pool = ThreadPoolExecutor(min(THREADS, len(queues)) or 1)
        sent = {to: pool.submit(self._send, to, parcels) for to, parcels in queues.items()}
        pool.shutdown(wait=False)
        # They begin in this order, so whoever is waited for has begun: nobody is late because of others.
        for to, future in sent.items():
            seconds = PATIENCE_SECONDS + SECONDS_A_MESSAGE * len(queues[to])
            if not wait([future], seconds).done:
                self._cut_off(to, queues[to], f"it did not take its messages in {seconds:.1f} s")

    def _send(self, connection_id: str, parcels: list[Parcel]) -> None:
        try:
            for parcel in parcels:
                if not self.post.send(connection_id, parcel.body):
                    self.connections.remove(connection_id, _topics(parcels))
                    return
        except Exception as error:
            self._cut_off(connection_id, parcels, f"{type(error).__name__}: {error}")

    def _cut_off(self, connection_id: str, parcels: list[Parcel], reason: str) -> None:
        """Forget and close a connection. If that fails too it is only logged: others must not wait for a second try."""
        self.log.warning("a connection is cut off", extra={"connection_id": connection_id, "reason": reason})
        try:
            try:
                self.connections.remove(connection_id, _topics(parcels))
            finally:
                self.post.close(connection_id)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            self.log.warning("it could not be cut off", extra={"connection_id": connection_id, "reason": reason})


def _topics(parcels: list[Parcel]) -> set[str]:
    return {topic for parcel in parcels for topic in parcel.topics}
