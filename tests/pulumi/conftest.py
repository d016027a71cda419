"""The CLI, and an emulator for the stacks of each module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.cloud import Cloud
from embedded.emulator import Emulator
from tests.pulumi.engine import PulumiEngine
from tests.tools.needed import needed
from tools.pulumi.build import find_cli


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave this folder out, unless it is asked for."""
    return None if config.getoption("--pulumi") else True


@pytest.fixture(scope="session")
def cli() -> Path:
    """The CLI. Without it and Go there is nothing to test, which CI takes for a failure."""
    with needed("The real Pulumi engine was not tried; skipped."):
        return find_cli()


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """An empty account."""
    emulator = Emulator()
    emulator.start()
    try:
        yield Cloud(emulator.endpoint_url)
    finally:
        emulator.stop()


@pytest.fixture(scope="module")
def engine(cli: Path, cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> PulumiEngine:
    """The engine over that account."""
    made = PulumiEngine(cli, tmp_path_factory.mktemp("pulumi"), cloud)
    made.install()
    return made
