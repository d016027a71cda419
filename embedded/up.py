"""`tickfold up`: the embedded stack in the foreground, until Ctrl-C."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from embedded.stack import EmbeddedStack


def up(port: int, log: Callable[[str], None]) -> None:
    """Start the stack on `port` (0: a free one), say how to use it, and stay until Ctrl-C or SIGTERM.

    Raises:
        AlreadyRunningError: one is running already.
        EmulatorError: the port is taken, or the emulator did not start or has ended by itself.
        DeploymentError: the program could not be deployed.
    """
    with stopped_by_signals(), EmbeddedStack(port, log=log) as stack:
        for line in _instructions(stack):
            log(line)
        stack.wait()
    log("stopped")


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the block, in good order and without an error."""

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
        f"  emulator's log  {stack.log_file}",
        "",
        "In another terminal:",
        "  tickfold data list",
        "  tickfold run --symbol AAPL --strategy sma_cross --param fast=10 --param slow=30",
        "",
        "Ctrl-C stops it; nothing is kept.",
    ]
