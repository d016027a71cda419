"""Tickfold's errors: which may be shown to a client, and which are worth another try."""

from traceback import format_exception
from typing import ClassVar, Final, Literal

ErrorCode = Literal["invalid", "unknown_type", "not_found", "conflict", "limit", "expired", "internal"]
"""The kinds of error, for programs: the request is malformed; its type is unknown; it names something that does not
exist, or belongs to someone else; it conflicts with the current state; a limit of the user is reached; the token has
expired; Tickfold itself failed.
"""


class TickfoldError(Exception):
    """The base class of Tickfold's own errors.

    `retryable` says whether the same work may succeed when it is done again.
    """

    retryable: ClassVar[bool] = True


class RunError(TickfoldError):
    """A run or a request cannot be carried out, for a reason that its owner can understand and act on.

    The message says what was wrong, what was expected, and where possible what to do. Handlers pass it to the client
    word for word, so it never holds a stack trace, a credential or another user's data. `code` is its kind.
    """

    retryable = False

    def __init__(self, reason: str, code: ErrorCode = "invalid") -> None:
        super().__init__(reason)
        self.code = code

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows of the error in a notebook: the message, which says all that its reader can use."""
        return [f"{type(self).__name__}: {self}"]


class TryLaterError(RunError):
    """A limit is reached that time lifts: the same request may be carried out after `seconds`."""

    def __init__(self, reason: str, seconds: int) -> None:
        super().__init__(reason, "limit")
        self.seconds = seconds


class StrategyFailedError(RunError):
    """A strategy raised an exception, or returned what are no signals."""

    def _render_traceback_(self) -> list[str]:
        """Return the message, after the traceback of the strategy's own exception, which its author can use."""
        own = format_exception(self.__cause__) if self.__cause__ else []
        return [*(line.rstrip("\n") for line in own), *super()._render_traceback_()]


class AtCapacityError(TickfoldError):
    """A run cannot begin yet: as many as the stack carries out at once are running. It waits, which is no failure."""


WAITED_FOR: Final = AtCapacityError.__name__
"""The `errorType` after which the state machine tries again for as long as the run's execution may take."""

NOT_RETRYABLE: Final = RunError.__name__
"""The `errorType` that the state machine never retries. Step Functions compares names and knows no subclasses, so a
step of the workflow raises each error that is not retryable as exactly this class.
"""


def is_retryable(error: BaseException) -> bool:
    """Return whether work that failed with `error` may succeed when it is done again.

    Errors that are not Tickfold's own (of AWS, of the network, of memory) are retryable.
    """
    return not isinstance(error, TickfoldError) or error.retryable
