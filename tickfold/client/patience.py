"""How long a client waits before it does something about it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """How long the client waits, in seconds."""

    run: float = 3_600.0
    """For a run's result."""
    opening: float = 15.0
    """For a connection to open."""
    closing: float = 1.0
    """For the server to agree that a connection ends."""
    heartbeat: float = 30.0
    """Between two pings: API Gateway closes a connection that is idle for ten minutes."""
    answer: float = 20.0
    """For the answer to a ping, before it takes the connection for lost; to a request, before it sends it again."""
    gap: float = 3.0
    """For a message whose successors have come, before it asks for it; doubled each time it asks in vain."""
    quiet: float = 180.0
    """For a run's next message, before it asks whether the last one was missed."""
    first_retry: float = 0.5
    """Before it first connects again, at most; doubled each time."""
    longest_retry: float = 15.0
    """Between two attempts to connect again, at most."""
    reconnecting: float = 180.0
    """For a lost connection to be replaced, before it gives up."""
    connection: float = 7_200.0
    """That a connection lives: API Gateway closes it after two hours."""
    margin: float = 60.0
    """Before a connection or its token ends, to have opened another."""
