"""Delivery: sends the messages of runs to the subscribers of their topics, in order to each, and to all at once."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Protocol

from tickfold.realtime.connections import ConnectionStore
from tickfold.realtime.sender import Sender

THREADS = 32
BASE_TIMEOUT_SECONDS = 3.0
TIMEOUT_SECONDS_PER_MESSAGE = 0.2
"""Added to the base timeout for each message in a connection's queue. A slow connection delays the next batch."""


@dataclass(frozen=True)
class Envelope:
    """A message of a run: its text, its topics, and the connection that has it already, if any."""

    body: str
    topics: tuple[str, ...]
    already_sent_to: str | None = None


class Log(Protocol):
    """Where delivery logs the connections that it cuts off."""

    def warning(self, message: str, /, *, extra: dict[str, str]) -> None: ...


@dataclass(frozen=True)
class Delivery:
    """Sends to subscribers. Each connection has a queue of its own, so that a slow or dead one delays no other."""

    connections: ConnectionStore
    sender: Sender
    log: Log
    base_timeout_seconds: float = BASE_TIMEOUT_SECONDS

    def deliver(self, envelopes: Iterable[Envelope]) -> None:
        """Send `envelopes`, in their order, to all subscribers of their topics, once to each.

        Connections that are gone are removed. A connection that cannot be sent to, or not in time, is cut off: its
        client reconnects and resumes.
        """
        self._send_to_all(self._queues(envelopes))

    def _queues(self, envelopes: Iterable[Envelope]) -> dict[str, list[Envelope]]:
        """Return the messages of each connection."""
        subscribers: dict[str, list[str]] = {}
        queues: dict[str, list[Envelope]] = {}
        for envelope in envelopes:
            for topic in envelope.topics:
                if topic not in subscribers:
                    subscribers[topic] = list(self.connections.subscribers(topic))
            recipients = {each for topic in envelope.topics for each in subscribers[topic]}
            for connection_id in recipients - {envelope.already_sent_to}:
                queues.setdefault(connection_id, []).append(envelope)
        return queues

    def _send_to_all(self, queues: dict[str, list[Envelope]]) -> None:
        pool = ThreadPoolExecutor(min(THREADS, len(queues)) or 1)
        sent = {to: pool.submit(self._send, to, queue) for to, queue in queues.items()}
        pool.shutdown(wait=False)
        # Work starts in this order, so a connection that is waited for has started: none is late because of others.
        for to, future in sent.items():
            seconds = self.base_timeout_seconds + TIMEOUT_SECONDS_PER_MESSAGE * len(queues[to])
            if not wait([future], seconds).done:
                self._cut_off(to, queues[to], f"its messages were not sent within {seconds:.1f} s")

    def _send(self, connection_id: str, queue: list[Envelope]) -> None:
        try:
            for envelope in queue:
                if not self.sender.send(connection_id, envelope.body, _topics(queue)):
                    return
        except Exception as error:
            self._cut_off(connection_id, queue, f"{type(error).__name__}: {error}")

    def _cut_off(self, connection_id: str, queue: list[Envelope], reason: str) -> None:
        """Remove and close a connection. A failure is only logged: a retry of the batch would delay the others."""
        self.log.warning("connection cut off", extra={"connection_id": connection_id, "reason": reason})
        try:
            self.sender.disconnect(connection_id, _topics(queue))
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            self.log.warning("cutting off failed", extra={"connection_id": connection_id, "reason": reason})


def _topics(queue: list[Envelope]) -> set[str]:
    return {topic for envelope in queue for topic in envelope.topics}
