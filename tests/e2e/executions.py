"""Executions of the workflow, which end a moment after a run's last message."""

import time
from typing import Any

from embedded.stack import EmbeddedStack

SECONDS = 30


def wait_for_execution(stack: EmbeddedStack, arn: str) -> dict[str, Any]:
    """Wait until an execution ends; return its description."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        execution: dict[str, Any] = stack.client("stepfunctions").describe_execution(executionArn=arn)
        if execution["status"] != "RUNNING":
            return execution
        time.sleep(0.05)
    raise AssertionError(f"{arn} did not end in {SECONDS} s")
