"""A stack with runs of every kind, and Trino over its lake."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.stack import EmbeddedStack
from tests.athena.athena import Athena
from tests.athena.lake import Runs, load_symbols, make_runs
from tests.athena.old_lake import DATABASE, make_old_lake
from tests.athena.portfolios import make_portfolio
from tests.tools.needed import needed
from tools.trino.build import Program, build
from tools.trino.engine import Trino


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave this folder out, unless it is asked for."""
    return None if config.getoption("--athena") else True


@pytest.fixture(scope="session")
def program() -> Program:
    """Trino, compiled. Without JDK or Maven there is nothing to test, which CI takes for a failure."""
    with needed("SQL was not compared with Trino."):
        return build()


@pytest.fixture(scope="session")
def runs(program: Program, stack: EmbeddedStack, state_directory: Path) -> Runs:
    """The ids of the runs in the lake, which has bars of all symbols and a portfolio too."""
    load_symbols(stack)
    make_portfolio(stack)
    return make_runs(state_directory)


@pytest.fixture(scope="session")
def trino(program: Program, stack: EmbeddedStack, runs: Runs) -> Iterator[Trino]:
    """Trino over the lake, on a machine in New York: no answer may depend on where it runs."""
    database = stack.outputs["athena_database"]
    with Trino(program, stack.endpoint_url, stack.credentials, database, "America/New_York") as running:
        yield running


@pytest.fixture(scope="session")
def athena(stack: EmbeddedStack, runs: Runs) -> Athena:
    """Athena as the embedded stack answers for it."""
    return Athena(stack.client("athena"), stack.outputs["athena_workgroup"], stack.outputs["athena_database"])


@pytest.fixture(scope="session")
def old_trino(program: Program, stack: EmbeddedStack, runs: Runs) -> Iterator[Trino]:
    """Trino over the same lake after five years, with a run in each week of them."""
    make_old_lake(stack)
    with Trino(program, stack.endpoint_url, stack.credentials, DATABASE) as running:
        yield running
