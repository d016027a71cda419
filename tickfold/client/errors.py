"""What can go wrong for a client: each of them is a RunError, whose text says what was wrong and what to do."""

from tickfold.errors import ErrorCode, RunError


class UnreachableError(RunError):
    """No connection could be opened, or none could be opened again, or the server does not answer."""


class UnauthorizedError(RunError):
    """The server did not accept the token."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: get a token with `tickfold token`, or set TICKFOLD_TOKEN")


class RefusedError(RunError):
    """The server refused a request; nothing was started or changed. `code` is the kind of refusal."""

    def __init__(self, code: ErrorCode, reason: str) -> None:
        super().__init__(reason, code)
        self.reason = reason


class RunFailedError(RunError):
    """The run has ended without a result. `stage` is where it failed."""

    def __init__(self, reason: str, run_id: str, stage: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.run_id = run_id
        self.stage = stage


class RunCancelledError(RunError):
    """The run has ended without a result, since its owner cancelled it."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"run {run_id} was cancelled")
        self.run_id = run_id


class RunTimeoutError(RunError):
    """The client has waited long enough. The run itself goes on."""

    def __init__(self, seconds: float, run_id: str) -> None:
        super().__init__(f"no result within {seconds:g} s; run {run_id} goes on")
        self.run_id = run_id
