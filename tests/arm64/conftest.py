"""An arm64 Python with the packages of the Lambda layers."""

import pytest

from components.aws.package import build_layers
from tests.engine.conftest import goog
from tests.tools.needed import needed
from tools.arm64 import Arm64Python, make

__all__ = ["goog"]


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave this folder out, unless it is asked for."""
    return None if config.getoption("--arm64") else True


@pytest.fixture(scope="session")
def arm64(tmp_path_factory: pytest.TempPathFactory) -> Arm64Python:
    """The interpreter. Without QEMU there is nothing to test, which CI takes for a failure."""
    layers = build_layers()
    with needed("Nothing was run on arm64; skipped."):
        return make(tmp_path_factory.mktemp("arm64"), [layers["base"].path, layers["numeric"].path])
