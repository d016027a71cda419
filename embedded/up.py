"""`tickfold up`: the embedded stack in the foreground, until Ctrl-C."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from embedded.stack import EmbeddedStack


def up(port: int, log: Callable[[str], None]) -> None:
    """Start the stack on `port` (0 for a free one), log how to use it, and run until Ctrl-C or SIGTERM.

    Raises:
        AlreadyRunningError: a stack is already running.
        EmulatorError: the port is in use, or the emulator did not start, or has exited.
        DeploymentError: the program could not be deployed.
    """
    with stopped_by_signals(), EmbeddedStack(port, log=log) as stack:
        for line in _instructions(stack):
            log(line)
        stack.wait()
    log("stopped")


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """End the block on Ctrl-C and SIGTERM without an error."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)


def _instructions(stack: EmbeddedStack) -> list[str]:
    return [
        "",
        f"  WebSocket       {stack.outputs['websocket_url']}",
        f"  AWS endpoint    {stack.endpoint_url}",
        f"  state machine   {stack.outputs['state_machine_arn']}",
        f"  bucket          {stack.outputs['bucket']}",
        f"  issuer          {stack.issuer.url}",
        f"  emulator log    {stack.log_file}",
        "",
        "In another terminal:",
        "  tickfold data list",
        "  tickfold run --symbol AAPL --strategy sma_cross --param fast=10 --param slow=30",
        "",
        "Press Ctrl-C to stop. All data is discarded.",
    ]
