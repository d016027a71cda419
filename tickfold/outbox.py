"""The outbox: numbers a run's messages, keeps them for clients that reconnect, and sends them."""

from dataclasses import dataclass

from tickfold.connections import Post
from tickfold.protocol import MAX_MESSAGE_BYTES, Message, dump
from tickfold.runs import RunStore


@dataclass(frozen=True)
class Outbox:
    """Sends messages about runs. A connection that is gone never fails a run."""

    runs: RunStore
    post: Post

    def send(self, run_id: str, message: Message) -> None:
        """Send `message` as the run's next."""
        sequence, connection_id = self.runs.next_sequence(run_id)
        self.deliver(connection_id, message.model_copy(update={"run_id": run_id, "sequence": sequence}))

    def deliver(self, connection_id: str, message: Message) -> None:
        """Keep and send a message that has its run and sequence number.

        Raises:
            ValueError: the message is longer than a WebSocket frame may be.
        """
        text = dump(message)
        if len(text.encode()) > MAX_MESSAGE_BYTES:
            raise ValueError(f"a message of {len(text.encode()):,} bytes; at most {MAX_MESSAGE_BYTES:,} can be sent")
        if message.run_id is not None:
            self.runs.keep_message(message.run_id, message.sequence, text)
        self.post.send(connection_id, text)
