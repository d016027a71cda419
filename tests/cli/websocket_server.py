"""A real WebSocket server on this machine, in place of a stack's API."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from websockets.sync.server import ServerConnection, serve

from tickfold.protocol import Message, dump


@contextmanager
def serving(answer: Callable[[ServerConnection], None]) -> Iterator[str]:
    """Serve WebSocket connections on this machine with `answer`; the value is the URL."""
    server = serve(answer, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/stage"
    finally:
        server.shutdown()
        thread.join(5)


def send(connection: ServerConnection, messages: list[Message]) -> None:
    """Answer what is received with `messages`."""
    connection.recv(timeout=5)
    for message in messages:
        connection.send(dump(message))
