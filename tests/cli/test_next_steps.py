"""What may follow a command: shown to people only, and ready to be pasted."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.terminal import terminal
from tests.client.fake_stack import FakeStack
from tests.golden import GOOG

START = ("run", "--symbol", "goog", "--start", "2004-08-19", "--end", "2013-03-01")
RUN = "goog-sma_cross-1"


def steps(written: str) -> list[list[str]]:
    """Return the words of each command that was suggested, as a shell would read them."""
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written).replace("\r", "")
    return [shlex.split(line)[1:] for line in re.findall(r"^(?:next:|     ) (tickfold .*)$", plain, re.M)]


def shown(*arguments: str) -> list[list[str]]:
    with terminal(*arguments) as screen:
        assert screen.end() == 0, screen.written
        return steps(screen.written)


def test_run_and_attach_suggest_report_and_trades(fake: FakeStack) -> None:
    trades = f"SELECT entry_time, side, pnl, exit_reason FROM trades WHERE run_id = '{RUN}' ORDER BY pnl"  # noqa: S608
    assert shown(*START) == [["report", RUN, "--open"], ["query", trades]]
    assert shown("attach", RUN) == [["report", RUN, "--open"], ["query", trades]]
    assert shown(*START, "--detach") == [["attach", RUN]]


def test_nothing_is_suggested_to_a_program(tickfold: Command, fake: FakeStack) -> None:
    assert steps(tickfold(*START).stderr) == []
    assert shown(*START, "--json") == []
    assert shown(*START, "--detach", "--json") == []
    assert shown("runs") == []


def test_stack_and_names_are_quoted(fake: FakeStack, tmp_path: Path) -> None:
    outputs = tmp_path / "it's mine.json"
    outputs.write_text(f'{{"websocket_url": "{fake.url}"}}')
    assert shown(*START, "--detach", "--stack-outputs", str(outputs)) == [
        ["attach", RUN, "--stack-outputs", str(outputs)]
    ]


def test_suggested_backtest_can_be_pasted(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = alone / "my goog.csv"
    file.write_text(GOOG.read_text())
    monkeypatch.chdir(alone)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    (words,) = shown("backtest", file.name, "sma_cross", "--fast", "10")
    subprocess.run([sys.executable, "-m", "tickfold.cli", *words], check=True, capture_output=True)
    assert (alone / "my goog.html").exists()


def test_new_strategy_suggests_its_check(tmp_path: Path) -> None:
    written = [str(tmp_path / "dip_buyer.py")]
    check, backtest = shown("new", "strategy", "dip_buyer", "--directory", str(tmp_path))
    assert (check[0], backtest[:2]) == ("check", ["backtest", "<FILE>"])
    assert [str(Path(check[1]).resolve())] == written
