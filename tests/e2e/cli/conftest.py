"""Commands as in tests/cli, with the embedded stack for them to find."""

import pytest

from embedded.stack import EmbeddedStack
from tests.cli.conftest import alone, result, tickfold

__all__ = ["alone", "result", "tickfold"]


@pytest.fixture(autouse=True)
def _stack(stack: EmbeddedStack) -> None:
    """Start the stack for every test of this folder, whichever runs first."""
