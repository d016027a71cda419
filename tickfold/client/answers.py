"""Answers: that of a request must be of the kind that the protocol promises."""

from typing import TypeVar

from tickfold.errors import RunError
from tickfold.protocol import Message

Answer = TypeVar("Answer", bound=Message)


def expect(kind: type[Answer], answer: Message) -> Answer:
    """Return `answer`, which is of `kind`.

    Raises:
        RunError: it is not: the server is of another version.
    """
    if not isinstance(answer, kind):
        raise unexpected(answer)
    return answer


def unexpected(answer: Message) -> RunError:
    """Return the error that says of what kind an unexpected answer is."""
    return RunError(f"unexpected answer from the server: {type(answer).__name__}", "internal")
