"""Executions of the workflow, once they have ended: a run's last message is sent a moment before."""

import time
from typing import Any

from embedded.stack import EmbeddedStack

SECONDS = 30


def ended(stack: EmbeddedStack, arn: str) -> dict[str, Any]:
    """Wait for an execution to end and describe it."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        execution: dict[str, Any] = stack.client("stepfunctions").describe_execution(executionArn=arn)
        if execution["status"] != "RUNNING":
            return execution
        time.sleep(0.05)
    raise AssertionError(f"{arn} did not end in {SECONDS} s")
