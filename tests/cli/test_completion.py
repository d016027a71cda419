"""Completion in a real bash, and in the protocol by which zsh and fish ask."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import BUCKET, Command
from tests.cli.top.examples import entry, opened, placed
from tests.client.fake_stack import FakeStack, progress
from tickfold.cli.completion import own_strategies
from tickfold.protocol import Message
from tickfold.storage.layout import series_key
from tickfold.strategies import BUILT_IN

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BIN = Path(sys.executable).parent
COMPLETE = """
eval "$(tickfold --show-completion bash)"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_tickfold_completion tickfold
printf '%s\\n' "${COMPREPLY[@]}"
"""
Complete = Callable[..., list[str]]


@pytest.fixture
def complete(alone: Path) -> Complete:
    """Return what a real bash offers for the last of some words; nothing else may be written."""

    def offered(*words: str) -> list[str]:
        environment = os.environ | {
            "PATH": f"{BIN}:/usr/bin:/bin",
            "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1",  # the shell is named
        }
        command = ["bash", "--norc", "-c", COMPLETE, "bash", "tickfold", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
        assert done.stderr == ""
        return done.stdout.split()

    return offered


def test_commands_and_options_are_offered(complete: Complete) -> None:
    assert complete("r") == ["run", "runs", "report"]
    assert complete("data", "") == ["load", "fetch", "list", "show", "check", "remove", "keys"]
    assert complete("run", "--commission-") == ["--commission-per-share", "--commission-fixed", "--commission-minimum"]
    assert complete("run", "--fill", "c") == ["close"]
    assert complete("--version", "tok") == ["token"]


def test_strategies_are_offered(complete: Complete) -> None:
    assert complete("run", "--strategy", "") == sorted(BUILT_IN.strategies)
    assert complete("backtest", "goog.csv", "sma") == ["sma_cross"]


def test_own_strategies_are_offered_without_running_their_files(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text('raise SystemExit\n\nclass A(Strategy):\n    name: ClassVar[str] = "mine_too"\n')
    (tmp_path / "plain.py").write_text('class A(Strategy):\n    name = "plain"\n    lookback = 3\n')
    (tmp_path / "broken.py").write_text("class")
    assert sorted(own_strategies(tmp_path)) == ["mine_too", "plain"]


def test_symbols_of_the_lake_are_offered(tickfold: Command, s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    for symbol, timeframe in (("AAPL", "1d"), ("GOOG", "1d"), ("GOOG", "1m")):
        s3.put_object(Bucket=BUCKET, Key=series_key(symbol, timeframe), Body=b"")
    monkeypatch.setenv("_TICKFOLD_COMPLETE", "complete_zsh")
    for words, offered in (
        ("run --symbol ", ["AAPL", "GOOG"]),
        ("run --symbol AAPL,G", ["AAPL,GOOG"]),
        ("data show G", ["GOOG"]),
        ("sweep --symbol A", ["AAPL"]),
        ("check macd --symbol G", ["GOOG"]),
    ):
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", f"tickfold {words}")
        assert re.findall(r'"([^"]+)"', tickfold().stdout) == offered


def test_run_ids_are_offered(complete: Complete, fake: FakeStack, messages: list[Message]) -> None:
    fake.runs |= {"other": [progress(1, "other")], "goog-sma_cross-1": messages}
    assert complete("attach", "") == ["goog-sma_cross-1", "other"]
    assert complete("report", "o") == complete("cancel", "o") == ["other"]


def test_nothing_is_offered_and_said_without_a_stack(complete: Complete, alone: Path) -> None:
    assert complete("attach", "") == complete("run", "--symbol", "") == []
    assert complete("attach", "--stack-outputs", str(alone / "missing.json"), "") == []


def test_stack_that_does_not_answer_is_not_waited_for(complete: Complete, fake: FakeStack) -> None:
    fake.answers = lambda _request: False
    assert complete("attach", "") == []  # within the fixture's minute; the client would ask again and again
    assert "list_runs" in fake.types()


def test_broken_config_file_does_not_disturb(
    complete: Complete, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tickfold.toml").write_text("capital = ")
    monkeypatch.setenv("TICKFOLD_CONFIG", str(tmp_path / "tickfold.toml"))
    assert complete("run", "--fill", "") == ["open", "close"]
    assert complete("attach", "") == []


def test_portfolios_and_their_open_orders_are_offered(complete: Complete, fake: FakeStack) -> None:
    for each in (opened("growth", 100), entry(2, placed("a", 1)), entry(3, placed("b2", 1, number=2))):
        fake.journals.setdefault("p-1", []).append(each)
    assert complete("order", "list", "") == ["growth"]
    assert complete("order", "cancel", "p-1", "") == ["b2", "a"]
    assert complete("order", "change", "p-1", "b") == ["b2"]


def test_symbols_of_the_feed_are_offered(complete: Complete, fake: FakeStack) -> None:
    fake.watched = {"AAPL": "XNYS", "GOOG": "XNYS", "GOOGL": "XNYS"}
    assert complete("watch", "") == ["AAPL", "GOOG", "GOOGL"]
    assert complete("feed", "remove", "AAPL", "GOOG") == ["GOOG", "GOOGL"]
    assert complete("feed", "") == ["list", "add", "remove"]
