"""The exit codes of every command, by the kind of its end. docs/reference/exit-codes.md is generated from here."""

from enum import IntEnum

from tickfold.errors import RunError


class ExitCode(IntEnum):
    """An exit code; `meaning` says what a script may conclude from it."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> "ExitCode":
        """Return the member with its meaning."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    @property
    def label(self) -> str:
        """The kind in a few words."""
        return self.name.lower().replace("_", " ")

    DONE = 0, "Done."
    FAILED = 1, "Failed in another way: a file, an AWS call, a check that does not hold, a bug in Tickfold."
    WRONG_USE = 2, "Wrong use: an unknown option, or a value that the option does not take. Nothing was sent."
    REFUSED = 3, "Refused: the stack does not carry out the request, or a file cannot be used. Nothing has changed."
    RUN_FAILED = 4, "The run was started, and failed or was cancelled."
    UNREACHABLE = 5, "No stack is running or named, or it cannot be reached."
    TIMED_OUT = 6, "The command's own `--timeout` is over. The run itself continues."
    INTERRUPTED = 130, "Ctrl-C."
    PIPE_CLOSED = 141, "Whoever read the output has closed it, such as `head`."


class OutputError(RunError):
    """What a command was to write could not be written."""


class UsageError(RunError):
    """A value that an option does not take; the message names the option."""


class NoStackError(RunError):
    """No stack is named or running, or what is needed to reach it is missing."""


def exit_code(error: BaseException) -> ExitCode:
    """Return the exit code of a command that `error` ended."""
    match error:
        case KeyboardInterrupt():
            return ExitCode.INTERRUPTED
        case BrokenPipeError():
            return ExitCode.PIPE_CLOSED
        case UsageError():
            return ExitCode.WRONG_USE
        case NoStackError():
            return ExitCode.UNREACHABLE
        case OutputError():
            return ExitCode.FAILED
        case RunError():
            return _of_run(error)
    return _of_aws(error)


def _of_run(error: RunError) -> ExitCode:
    from tickfold.client import errors as client  # noqa: PLC0415 - loads the protocol, which an error of it has done

    match error:
        case client.RunFailedError() | client.RunCancelledError():
            return ExitCode.RUN_FAILED
        case client.RunTimeoutError():
            return ExitCode.TIMED_OUT
        case client.UnreachableError():
            return ExitCode.UNREACHABLE
    return ExitCode.FAILED if error.code == "internal" else ExitCode.REFUSED


def _of_aws(error: BaseException) -> ExitCode:
    # Found by name, as botocore is slow to load and an error of its own has loaded it already.
    names = {f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__}
    if names & {f"botocore.exceptions.{name}" for name in _NO_STACK}:
        return ExitCode.UNREACHABLE
    return ExitCode.REFUSED if "botocore.exceptions.ClientError" in names else ExitCode.FAILED


_NO_STACK = ("ConnectionError", "HTTPClientError", "NoCredentialsError", "PartialCredentialsError", "NoRegionError")
"""Errors of botocore that mean that no stack could be reached."""
