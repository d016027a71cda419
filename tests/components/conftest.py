"""The program's resources, captured once for all tests."""

import pytest

from tests.aws import aws, bucket
from tests.components.capture import Stack, captured

__all__ = ["aws", "bucket"]


@pytest.fixture(scope="session")
def dev() -> Stack:
    """The stack of Pulumi.dev.yaml."""
    return captured("dev")


@pytest.fixture(scope="session")
def prod() -> Stack:
    """The stack of Pulumi.prod.yaml."""
    return captured("prod")
