"""`tickfold report` against the embedded stack."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from embedded.stack import EmbeddedStack
from tests.cli.conftest import Command
from tests.e2e.records import begin, run_lifecycle
from tests.golden import GOOG
from tickfold.protocol import Cancelled, Failed

RUN = "run --symbol reported --strategy sma_cross --param fast=10 --param slow=30 --json"


@pytest.fixture
def run_id(stack: EmbeddedStack, tickfold: Command) -> str:
    """A finished run of the golden bars."""
    assert tickfold("data", "load", str(GOOG), "--symbol", "reported").status == 0
    found: str = json.loads(tickfold(*RUN.split()).stdout)["run_id"]
    return found


def test_a_report_is_written_where_it_is_wanted(
    tickfold: Command, run_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    named = tickfold("report", run_id, "-o", "golden.html")
    assert (named.status, named.stdout, named.stderr) == (0, "golden.html\n", "")
    text = (tmp_path / "golden.html").read_text()
    assert "<h1>REPORTED 1d<small>sma_cross (fast 10, slow 30)</small></h1>" in text
    for figure in ("51,422.99", "414.23 %", "0.798", "1.206", "29.49 %", run_id):
        assert figure in text
    assert tickfold("report", run_id).stdout == f"{run_id}.html\n"
    assert (tmp_path / f"{run_id}.html").read_text() == text


def test_a_run_can_write_its_report_at_once(tickfold: Command, run_id: str, tmp_path: Path) -> None:
    ended = tickfold(*RUN.split(), "--report", str(tmp_path / "run.html"))
    assert ended.status == 0
    assert ended.stderr.endswith(f"saved {tmp_path}/run.html\n")
    assert json.loads(ended.stdout)["run_id"] in (tmp_path / "run.html").read_text()


def test_the_page_is_opened_in_the_browser(run_id: str, tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    ended = subprocess.run(
        [sys.executable, "-m", "tickfold.cli", "report", run_id, "-o", tmp_path / "r.html", "--open"],
        env=os.environ | {"BROWSER": f"{browser} %s"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{tmp_path}/r.html\n", "")
    assert (tmp_path / "opened").read_text() == f"file://{tmp_path}/r.html\n"


def test_a_directory_that_is_not_there_is_one_clear_message(tickfold: Command, run_id: str, tmp_path: Path) -> None:
    ended = tickfold("report", run_id, "-o", str(tmp_path / "absent" / "r.html"))
    assert (ended.status, ended.stdout) == (1, "")
    assert ended.stderr == f"tickfold: {tmp_path}/absent/r.html: No such file or directory\n"


@pytest.mark.parametrize("unknown", ["nothing", "", "../../etc/passwd"])
@pytest.mark.usefixtures("stack")
def test_an_unknown_run_is_one_clear_message(
    tickfold: Command, unknown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = tickfold("report", unknown)
    assert (ended.status, ended.stdout) == (3, "")
    lists = '`tickfold query "SELECT run_id FROM runs"`'
    assert ended.stderr == f"tickfold: there is no run '{unknown}'; {lists} lists those that have ended well\n"
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_a_result_says_why(tickfold: Command, stack: EmbeddedStack) -> None:
    runs = run_lifecycle(stack)
    run_id, cancelled = (begin(runs, "tester").run_id for _ in range(2))
    ended = tickfold("report", run_id)
    assert (ended.status, ended.stderr) == (3, f"tickfold: run {run_id} has no result yet: it is still going\n")
    runs.note_failure(run_id, "plan", "there are no bars")
    runs.end(run_id, Failed(stage="plan", reason="there are no bars"))
    ended = tickfold("report", run_id)
    expected = f"tickfold: run {run_id} has no result: it failed in plan: there are no bars\n"
    assert (ended.status, ended.stderr) == (3, expected)
    runs.end(cancelled, Cancelled())
    ended = tickfold("report", cancelled)
    assert (ended.status, ended.stderr) == (3, f"tickfold: run {cancelled} has no result: it was cancelled\n")


def test_a_run_of_several_symbols_has_its_report(tickfold: Command, tmp_path: Path) -> None:
    path = tmp_path / "several.html"
    several = ("--symbol", "GOOG=0.5,IBM=0.25", "--start", "2012-01-01", "--json")
    ended = tickfold("run", *several, "--report", str(path))
    text = path.read_text()
    assert "<h1>GOOG, IBM 1d<small>buy_and_hold</small></h1>" in text
    assert tickfold("report", json.loads(ended.stdout)["run_id"], "-o", str(tmp_path / "again.html")).status == 0
    assert (tmp_path / "again.html").read_text() == text


def test_a_run_whose_files_are_gone_says_which(
    tickfold: Command, stack: EmbeddedStack, run_id: str, tmp_path: Path
) -> None:
    bucket, key = stack.outputs["bucket"], f"data/trades/run_id={run_id}/trades.parquet"
    stack.client("s3").delete_object(Bucket=bucket, Key=key)
    ended = tickfold("report", run_id, "-o", str(tmp_path / "r.html"))
    assert ended.status == 3
    assert ended.stderr == (
        f"tickfold: the run has ended, but its file s3://{bucket}/{key} is gone; make the run again\n"
    )
