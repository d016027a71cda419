"""Load and faults, on the embedded stack: in a short form with all tests, and in full by `make soak`."""

from collections.abc import Iterator

import pytest

from tests.e2e.recorder import Recorders


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is only run in full."""
    if not config.getoption("--soak"):
        left_out = [item for item in items if item.get_closest_marker("soak")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def in_full(request: pytest.FixtureRequest) -> bool:
    """Whether the scenarios are run in their full size."""
    return bool(request.config.getoption("--soak"))


@pytest.fixture
def recorders() -> Iterator[Recorders]:
    """Connections that are all closed at the end of the test."""
    with Recorders() as opened:
        yield opened
