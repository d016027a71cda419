"""What a client says of its connection."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ConnectionStatus:
    """Whether the connection is open, and what comes next. In seconds from now."""

    is_open: bool
    retry_in: float | None = None
    """Until the next attempt to open a lost connection; None where it is open, or being opened."""
    token_expires_in: float | None = None
    """Until the token of the open connection expires, negative if it has; None if the token does not say."""
