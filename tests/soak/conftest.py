"""Load and faults, on the embedded stack: in a short form with all tests, and in full by `make soak`."""

from collections.abc import Iterator

import pytest

from tests.e2e.recorder import Recorders


@pytest.fixture(scope="session")
def in_full(request: pytest.FixtureRequest) -> bool:
    """Whether the scenarios are run in their full size."""
    return bool(request.config.getoption("--soak"))


@pytest.fixture
def recorders() -> Iterator[Recorders]:
    """Connections that are all closed at the end of the test."""
    with Recorders() as opened:
        yield opened
