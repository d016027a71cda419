"""The timeouts of a client."""

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
    """For the answer to a ping, before the connection counts as lost; to a request, before it is sent again."""
    gap: float = 3.0
    """For a message whose successors have arrived, before it is requested; doubled after each vain request."""
    quiet: float = 180.0
    """For a run's next message, before the client asks whether it missed one; doubled likewise."""
    first_retry: float = 0.5
    """Before the first reconnection, at most; doubled each time."""
    longest_retry: float = 15.0
    """Between two reconnections, at most."""
    reconnecting: float = 180.0
    """For a lost connection to be replaced, before the client gives up."""
    connection: float = 7_200.0
    """The lifetime of a connection: API Gateway closes it after two hours."""
    margin: float = 60.0
    """Before a connection or its token expires, to open another."""
