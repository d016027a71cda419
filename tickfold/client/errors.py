"""The errors of the client. Each is a RunError, whose text says what went wrong and what to do."""

from tickfold.errors import ErrorCode, RunError


class UnreachableError(RunError):
    """The server cannot be reached, or does not answer."""


class UnavailableError(UnreachableError):
    """The server answers, but cannot let anyone in now; it may in a moment."""


class UnauthorizedError(RunError):
    """The server did not accept the token."""

    def __init__(self, what: str, *, embedded: bool = False) -> None:
        """Say what was wrong, and where a token comes from: of the `embedded` stack, or of another one's issuer."""
        source = "get one with `tickfold token`" if embedded else "get one of the stack's issuer and set TICKFOLD_TOKEN"
        super().__init__(f"{what}: {source}")


class RefusedError(RunError):
    """The server refused a request, which had no effect. `code` is the kind of refusal."""

    def __init__(self, code: ErrorCode, reason: str) -> None:
        super().__init__(reason, code)
        self.reason = reason


class RunFailedError(RunError):
    """The run failed in `stage`."""

    def __init__(self, reason: str, run_id: str, stage: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.run_id = run_id
        self.stage = stage


class RunCancelledError(RunError):
    """The run was cancelled by its owner."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"run {run_id} was cancelled")
        self.run_id = run_id


class RunTimeoutError(RunError):
    """The client's timeout has passed. The run itself continues."""

    def __init__(self, seconds: float, run_id: str) -> None:
        super().__init__(f"no result within {seconds:g} s; run {run_id} continues")
        self.run_id = run_id
