"""Own strategies as in docs/tutorial/own-strategy.md: checked, deployed and run; and faulty files."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.stack import ROOT, EmbeddedStack
from tests.cli.conftest import Command
from tests.cli.conftest import tickfold as tickfold  # noqa: PLC0414 - a fixture
from tests.conftest import url_for
from tests.e2e.source_tree import CHANGING, copy_of_the_repository, told, watching
from tests.e2e.websocket_client import SMA, run, start

PAGE = (ROOT / "docs/tutorial/own-strategy.md").read_text()
FAULTY = """
import os
from typing import ClassVar
import numpy as np
from tickfold.engine.bars import Bars
from tickfold.engine.signals import Signals
from tickfold.strategies import Strategy

class Raising(Strategy):
    name: ClassVar[str] = "raising"
    lookback: ClassVar[int] = 0

    def signals(self, bars: Bars) -> Signals:
        raise KeyError("no such thing")

class Comparing(Raising):
    name: ClassVar[str] = "comparing"

    def signals(self, bars: Bars) -> Signals:
        return bars.close > bars.open

class Exiting(Raising):
    name: ClassVar[str] = "exiting"

    def signals(self, bars: Bars) -> Signals:
        os._exit(0)
"""
ON = "on 3,270 bars, 2000-03-01 to 2013-03-01,"


def block(language: str, holding: str) -> str:
    """Return the page's code block in `language` that contains `holding`."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.M | re.S)
    found = [code for written, code in fenced if written == language and holding in code]
    assert len(found) == 1
    return str(found[0])


def command(holding: str) -> list[str]:
    return block("sh", holding).removeprefix(".venv/bin/tickfold ").split()


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with the page's strategy and two faulty ones."""
    root = copy_of_the_repository(tmp_path_factory.mktemp("trees"))
    (root / "strategies" / "dip_buyer.py").write_text(block("python", "class DipBuyer"))
    (root / "strategies" / "faulty.py").write_text(FAULTY)
    (root / "strategies" / "unfinished.py").write_text("import tickfold.strategies as\n")
    return root


@pytest.fixture(scope="module")
def log_lines() -> list[str]:
    """The log of the deployment."""
    return []


@pytest.fixture(scope="module")
def own(tree: Path, log_lines: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStack]:
    """A stack deployed from the copy, beside that of the session."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TICKFOLD_STATE_DIR", str(tmp_path_factory.mktemp("state-of-own")))
        with EmbeddedStack(root=tree, log=log_lines.append) as running:
            yield running


def test_check_prints_what_the_page_shows(
    tickfold: Command, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKFOLD_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tree)
    ended = tickfold(*command("tickfold check"))
    assert ended.status == 0
    assert [line.rstrip() for line in ended.stdout.splitlines()] == block("", "dip_buyer(falls=3)").splitlines()
    sound = (tree / "strategies" / "dip_buyer.py").read_text()
    short = tmp_path / "short.py"
    short.write_text(sound.replace("return self.falls ", "return self.falls - 1 "))
    ended = tickfold("check", str(short))
    assert ended.status == 1
    assert set(block("", "✗ lookback").splitlines()) < {line.rstrip() for line in ended.stdout.splitlines()}


def test_deployment_lists_own_strategies_and_unusable_files(own: EmbeddedStack, log_lines: list[str]) -> None:
    assert "own strategies: comparing, dip_buyer, exiting, raising" in log_lines
    faults = [line for line in log_lines if line.startswith("unusable strategy")]
    assert faults == ["unusable strategy: strategies/unfinished.py cannot be imported: line 1: invalid syntax"]
    # What `pulumi up` prints as a warning.
    warned = (own.log_file.parent / "deployment.log").read_text()
    assert "strategies/unfinished.py cannot be imported: line 1: invalid syntax" in warned


def test_own_strategy_runs_by_name(own: EmbeddedStack, tickfold: Command) -> None:
    ended = tickfold(*command("tickfold run"))
    assert ended.status == 0, ended.stderr
    assert "dip_buyer" in ended.stdout


def test_own_strategy_gives_the_same_result_for_any_chunks(own: EmbeddedStack) -> None:
    one, many = (
        run(url_for(own, "tester"), start(strategy="dip_buyer", parameters={"falls": 2}, chunks=chunks))[-1]
        for chunks in (1, 9)
    )
    assert one["type"] == many["type"] == "result", (one, many)
    assert many["chunks"] == 9
    assert one["metrics"] == many["metrics"]
    assert one["metrics"]["trades"] > 100


def test_faulty_strategy_file_affects_only_its_own_runs(own: EmbeddedStack) -> None:
    url = url_for(own, "tester")
    assert run(url, start(**SMA))[-1]["type"] == "result"
    refused = run(url, start(strategy="unfinished"))[-1]
    assert refused["type"] == "error"
    assert refused["reason"] == "strategies/unfinished.py cannot be imported: line 1: invalid syntax"


def test_own_strategy_parameter_out_of_bounds_is_refused(own: EmbeddedStack) -> None:
    refused = run(url_for(own, "tester"), start(strategy="dip_buyer", parameters={"falls": 0}))[-1]
    assert refused["reason"] == "strategy dip_buyer: falls 0: input should be greater than or equal to 1"


@pytest.mark.parametrize(
    ("strategy", "fault"),
    [
        ("raising", "it raised KeyError: 'no such thing' (line 14 of faulty.py); it must return"),
        ("comparing", "it returned an array of bool; expected a numpy array of int8 with HOLD, LONG, SHORT or FLAT"),
        ("exiting", "it ended its process with exit code 0"),
    ],
)
def test_fault_of_own_strategy_is_reported_at_the_first_try(own: EmbeddedStack, strategy: str, fault: str) -> None:
    began = time.monotonic()
    failed = run(url_for(own, "tester"), start(strategy=strategy, chunks=1))[-1]
    assert failed["type"] == "failed"
    assert failed["reason"].startswith(f"chunk 0 of AAPL: strategy {strategy} failed: {ON} {fault}")
    assert time.monotonic() - began < 20


@pytest.fixture
def watched(own: EmbeddedStack) -> Iterator[list[str]]:
    """What the watch of the stack's strategies tells."""
    with watching(own) as lines:
        yield lines


def test_changed_strategy_is_deployed_while_the_stack_runs(own: EmbeddedStack, tree: Path, watched: list[str]) -> None:
    file, url = tree / "strategies" / "changing.py", url_for(own, "tester")

    def trades() -> int:
        ended = run(url, start(strategy="changing", parameters={}, chunks=3))[-1]
        assert ended["type"] == "result", ended["reason"]
        return int(ended["metrics"]["trades"])

    file.write_text(CHANGING)
    assert told(watched, 1).startswith("deployed your changed strategies: changing, comparing, dip_buyer,")
    before = trades()
    file.write_text(CHANGING.replace("% 10 ==", "% 20 =="))
    assert told(watched, 2).startswith("deployed your changed strategies: changing,")
    after = trades()
    assert before > after > 0
    file.write_text("def")
    assert told(watched, 3) == (
        "unusable strategy: strategies/changing.py cannot be imported: line 1: invalid syntax; what is deployed stays"
    )
    assert trades() == after
