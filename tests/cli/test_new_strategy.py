"""`tickfold new strategy`: what it writes works as it stands, and nothing is lost."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tickfold.strategies import BUILT_IN
from tickfold.strategies.files import load_file

ROOT = Path(__file__).parents[2]


def run_tests(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("name", "kind"), [("dip_buyer", "DipBuyer"), ("signals", "SignalsRule")])
def test_strategy_and_its_test_work_as_they_stand(tickfold: Command, tmp_path: Path, name: str, kind: str) -> None:
    ended = tickfold("new", "strategy", name, "--directory", str(tmp_path))
    assert (ended.status, ended.stderr) == (0, "")
    assert [each.__name__ for each in load_file(tmp_path / f"{name}.py", BUILT_IN.strategies)] == [kind]
    tested = run_tests(tmp_path)
    assert "2 passed" in tested.stdout, tested.stdout


def test_its_test_finds_a_fault_of_the_strategy(tickfold: Command, tmp_path: Path) -> None:
    tickfold("new", "strategy", "dip_buyer", "--directory", str(tmp_path))
    source = tmp_path / "dip_buyer.py"
    source.write_text(source.read_text().replace("self.period - 1", "self.period - 2").replace("= FLAT", "= LONG"))
    assert "2 failed" in run_tests(tmp_path).stdout


def test_files_are_in_the_folders_of_a_checkout(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tickfold", tmp_path / "tickfold", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "strategies").mkdir()
    command = [sys.executable, "-m", "tickfold.cli", "new", "strategy", "dip_buyer"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    test = "tests/strategies/own/test_dip_buyer.py"
    assert done.stdout == f"wrote strategies/dip_buyer.py\nwrote {test}; run it with: pytest {test}\n"
    tested = run_tests(tmp_path, test)
    assert "2 passed" in tested.stdout, tested.stdout


@pytest.mark.parametrize("taken", ["dip_buyer.py", "test_dip_buyer.py"])
def test_existing_file_is_left_alone(tickfold: Command, tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("mine")
    ended = tickfold("new", "strategy", "dip_buyer", "--directory", str(tmp_path))
    assert (ended.status, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"tickfold: {tmp_path / taken} cannot be written (File exists): choose another name, or move it away\n"
    )
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [(taken, "mine")]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("DipBuyer", "a letter first, such as dip_buyer"),
        ("dip-buyer.py", "a letter first, such as dip_buyer"),
        ("../dip", "'../dip' is not a strategy's name"),
        ("9a", "'9a' is not a strategy's name"),
        ("a" * 41, "up to 40 small letters"),
        ("macd", "macd is a strategy of Tickfold's: choose another name, such as my_macd"),
        ("class", "class is a name of Python's own"),
        ("json", "json is a name of Python's own"),
    ],
)
def test_bad_name_is_one_line(tickfold: Command, tmp_path: Path, name: str, reason: str) -> None:
    ended = tickfold("new", "strategy", name, "--directory", str(tmp_path))
    assert (ended.status, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert reason in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_directory_that_cannot_be_written_is_one_line(tickfold: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = tickfold("new", "strategy", "dip_buyer", "--directory", str(tmp_path / "file"))
    assert ended.status in (1, 2)
    ended = tickfold("new", "strategy", "dip_buyer", "--directory", str(tmp_path / "file" / "below"))
    assert (ended.status, ended.stderr.count("\n")) == (1, 1)
    assert "choose a --directory" in ended.stderr
