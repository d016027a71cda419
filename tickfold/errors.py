"""The exceptions whose text may be shown to whoever asked for a run."""

from typing import Final, Literal

ErrorCode = Literal["invalid", "unknown_type", "not_found", "conflict", "limit", "expired", "internal"]
"""The kinds of a refusal, for programs: what was sent is wrong; its type is not known; it names what is not there, or
is not the user's; it cannot be done now; the user has reached a limit; the token has expired; Tickfold itself failed.
"""


class RunError(Exception):
    """A run cannot go on, or a request cannot be granted, for a reason that its owner can understand and act on.

    The message says what was wrong, what was expected, and where possible what to do. Handlers pass it to the client
    word for word, so it never holds a stack trace, a credential or another user's data. `code` is its kind.
    """

    def __init__(self, reason: str, code: ErrorCode = "invalid") -> None:
        super().__init__(reason)
        self.code = code


NOT_RETRYABLE: Final = RunError.__name__
"""The error name that the state machine never retries."""
