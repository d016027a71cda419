"""Tools that only some targets need: where one is missing these have nothing to test, which CI takes for a failure."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tools.missing_tool import MissingToolError


@contextmanager
def needed(consequence: str) -> Iterator[None]:
    """End the session where the block misses a tool; `consequence` says what was not tested."""
    try:
        yield
    except MissingToolError as error:
        in_ci = os.environ.get("CI") == "true"
        pytest.exit(f"{consequence} {error}", returncode=1 if in_ci else 0)
