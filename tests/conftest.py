"""One embedded stack for all the tests of a session, on a free port and with a state directory of its own."""

import json
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from embedded.stack import EmbeddedStack
from tests.aws_models import parse_once

# A shell starts jobs in the background with Ctrl-C ignored, and the processes that tests interrupt would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

parse_once()

# A slow or busy machine turns no property test red. The examples are others in each run; `make soak` takes many more.
settings.register_profile("any machine", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("in full", settings.get_profile("any machine"), max_examples=500)
settings.load_profile("any machine")
# What `make mutants` runs property tests with: the same examples every time, and none sought that is simpler.
settings.register_profile("mutants", derandomize=True, phases=(Phase.explicit, Phase.generate))


LONGEST = (
    *("e2e/test_least_privilege.py", "e2e/test_own_strategies.py", "docs/test_commands.py"),
    *("e2e/test_restart.py", "embedded/test_last_deployment.py"),
    *("embedded/test_embedded_lifecycle.py", "e2e/test_resilience.py", "e2e/test_fuzz.py", "soak/test_repeats.py"),
    *("e2e/test_http_api.py", "e2e/test_sweep.py", "e2e/cli/test_commands.py", "e2e/test_backtest.py"),
    "e2e/cli/test_notations.py",
    *("soak/test_throttling.py", "soak/test_connections.py", "soak/test_progress.py", "soak/test_redrive.py"),
    *("engine/test_exactness.py", "engine/test_faults.py", "peers/test_backtesting_py.py", "e2e/test_universe.py"),
    *("embedded/test_embedded_demo.py", "embedded/athena/test_expressions.py", "embedded/test_deployment.py"),
    *("portfolios/test_properties.py", "portfolios/test_desk.py"),
)
"""The files that take longest, first, so that no worker begins one of them when the others are nearly done."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="run the tests of load and faults in their full size")
    parser.addoption("--athena", action="store_true", help="compare SQL with Trino, which needs a JDK and Maven")
    parser.addoption("--pulumi", action="store_true", help="run the program on the real Pulumi engine, built by Go")
    parser.addoption("--issuers", action="store_true", help="try a real Keycloak's tokens, which needs a JDK and Maven")
    parser.addoption("--arm64", action="store_true", help="run the engine on an emulated arm64 processor, by QEMU")
    parser.addoption("--removals", action="store_true", help="remove each permission of each function in turn")
    parser.addoption("--without-stack", action="store_true", help="leave out the tests that need the embedded stack")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out: list[pytest.Item] = []
    if config.getoption("--without-stack"):
        left_out += [item for item in items if "stack" in getattr(item, "fixturenames", ())]
    for marker in ("soak", "removals"):
        if not config.getoption(f"--{marker}"):
            left_out += [item for item in items if item.get_closest_marker(marker)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    rank = {f"tests/{file}": at for at, file in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.nodeid.partition("::")[0], len(rank)))


@pytest.fixture(scope="session")
def state_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the stack of this session records itself, so that it meets no other that runs on this machine."""
    directory = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TICKFOLD_STATE_DIR", str(directory))
        yield directory


@pytest.fixture(scope="session")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the files from which the stack's feed gets its bars."""
    return tmp_path_factory.mktemp("replayed")


@pytest.fixture(scope="session")
def stack(state_directory: Path, replayed: Path) -> Iterator[EmbeddedStack]:
    """The running stack, with the real bars loaded."""
    providers = [{"name": "files", "path": str(replayed)}]
    settings = {"providers": json.dumps(providers), "feedMarkets": "XNYS,24/7", "exportToPostgresql": "true"}
    with EmbeddedStack(settings=settings) as running:
        yield running


@pytest.fixture(scope="session")
def url(stack: EmbeddedStack) -> str:
    """Where the user `tester`, who has the portfolio `growth`, connects."""
    return url_for(stack, "tester", ["growth"])


def url_for(stack: EmbeddedStack, user: str, portfolios: Sequence[str] = ()) -> str:
    """Return the WebSocket URL by which `user` is let in for as long as a session of tests can take."""
    return f"{stack.outputs['websocket_url']}?token={stack.token(user, portfolios, seconds=4 * 3_600)}"
