"""`tickfold report` of a run that is read from a stub of the stack."""

import webbrowser
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import BUCKET, Command
from tests.client.fake_stack import FakeStack
from tests.report.conftest import golden_run, goog
from tickfold.backtests import run_archive
from tickfold.backtests.recorded_run import RecordedRun
from tickfold.errors import RunError
from tickfold.protocol import Message
from tickfold.storage.bucket import Bucket

__all__ = ["golden_run", "goog"]

RUN = ("run", "--symbol", "goog", "--start", "2004-08-19", "--end", "2013-03-01")
ID = "goog-sma_cross-1"


@pytest.fixture(autouse=True)
def asked(
    s3: object, golden_run: RecordedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[str, str]]:
    """The bucket and the run that were read."""
    read: list[tuple[str, str]] = []

    def read_run(_runs: object, bucket: Bucket, run_id: str) -> RecordedRun:
        read.append((bucket.name, run_id))
        if run_id == "absent":
            raise RunError("there is no run 'absent'")
        return golden_run

    monkeypatch.setattr(run_archive, "read_run", read_run)
    monkeypatch.setenv("TICKFOLD_RUNS_TABLE", "runs")
    monkeypatch.chdir(tmp_path)
    return read


def test_report_is_written_under_the_runs_id(tickfold: Command, tmp_path: Path, asked: list[Any]) -> None:
    ended = tickfold("report", ID)
    assert (ended.status, ended.stdout, ended.stderr) == (0, f"{ID}.html\n", "")
    text = (tmp_path / f"{ID}.html").read_text()
    assert "<h1>GOOG 1d<small>sma_cross (fast 10, slow 30)</small></h1>" in text
    assert "Plotly" in text
    assert asked == [(BUCKET, ID)]


def test_report_is_written_where_it_is_wanted(tickfold: Command, tmp_path: Path) -> None:
    assert tickfold("report", ID, "-o", "golden.html").stdout == "golden.html\n"
    assert [path.name for path in tmp_path.glob("*.html")] == ["golden.html"]


@pytest.mark.parametrize("opens", [True, False])
def test_report_is_opened_on_request(
    tickfold: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opens: bool
) -> None:
    opened: list[str] = []

    def open_page(url: str) -> bool:
        opened.append(url)
        return opens

    monkeypatch.setattr(webbrowser, "open", open_page)
    tickfold("report", ID)
    assert opened == []
    ended = tickfold("report", ID, "--open")
    assert opened == [f"file://{tmp_path}/{ID}.html"]
    missed = f"no browser could be opened; the report is in {ID}.html\n"
    assert (ended.status, ended.stderr) == (0, "" if opens else missed)


def test_run_that_is_not_there_writes_nothing(tickfold: Command, tmp_path: Path) -> None:
    ended = tickfold("report", "absent")
    assert (ended.status, ended.stdout, ended.stderr) == (3, "", "tickfold: there is no run 'absent'\n")
    assert list(tmp_path.glob("*.html")) == []


def test_directory_that_is_not_there_is_one_clear_message(tickfold: Command, tmp_path: Path) -> None:
    ended = tickfold("report", ID, "-o", str(tmp_path / "absent" / "r.html"))
    assert (ended.status, ended.stdout) == (1, "")
    assert ended.stderr == f"tickfold: {tmp_path}/absent/r.html: No such file or directory\n"


def test_run_writes_its_report_at_once(
    tickfold: Command, fake: FakeStack, messages: list[Message], tmp_path: Path, asked: list[Any]
) -> None:
    ended = tickfold(*RUN, "--report", str(tmp_path / "new" / "run.html"))
    assert ended.status == 0, ended.stderr
    assert ended.stderr.endswith(f"saved {tmp_path}/new/run.html\n")
    assert (tmp_path / "new" / "run.html").stat().st_size > 1_000_000
    assert asked == [(BUCKET, ID)]


def test_report_that_cannot_be_written_is_refused_before_the_run(
    tickfold: Command, fake: FakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TICKFOLD_RUNS_TABLE")
    ended = tickfold(*RUN, "--report", "run.html")
    assert ended.status == 5
    assert "does not name the stack's runs_table" in ended.stderr
    assert fake.received == []


def test_strategy_of_another_machine_costs_the_benchmark_only(
    tickfold: Command, golden_run: RecordedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = golden_run.result.model_copy(update={"strategy": "somebody_elses"})
    monkeypatch.setattr(run_archive, "read_run", lambda *_: replace(golden_run, result=own))
    assert tickfold("report", ID).status == 0
