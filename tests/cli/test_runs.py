"""`tickfold runs`, `attach` and `cancel`, against a stack's API on this machine."""

import json

import pytest

from tests.cli.conftest import Command
from tests.cli.terminal import terminal
from tests.client.fake_stack import FakeStack, progress
from tickfold.protocol import Failed, Message, Ranked, Result, Sweep

RUN = "goog-sma_cross-1"
START = ("run", "--symbol", "goog", "--start", "2004-08-19", "--end", "2013-03-01")


@pytest.fixture
def ended(fake: FakeStack, messages: list[Message]) -> FakeStack:
    """A stack with a run that has a result, and one that goes on."""
    fake.runs |= {"other": [progress(1, "other")], RUN: messages}
    return fake


def test_runs_lists_newest_first(tickfold: Command, ended: FakeStack) -> None:
    listed = tickfold("runs")
    assert listed.status == 0
    assert listed.stdout.splitlines() == [
        "run_id,status,progress,stock,strategy,started,total_return,sharpe,no_trades",
        f"{RUN},succeeded,7/7,GOOG,sma_cross,2020-01-01T10:00Z,4.142299,0.5806,",
        "other,running,3/7,GOOG,sma_cross,2020-01-01T10:00Z,,,",
    ]
    assert [run["run_id"] for run in json.loads(tickfold("runs", "--json", "--limit", "1").stdout)] == [RUN]


def test_runs_lists_several_pages(tickfold: Command, fake: FakeStack) -> None:
    fake.runs |= {f"r{number}": [progress(1, f"r{number}")] for number in range(120)}
    listed = json.loads(tickfold("runs", "--limit", "110", "--json").stdout)
    assert [run["run_id"] for run in listed] == [f"r{number}" for number in range(119, 9, -1)]
    assert [request["limit"] for request in fake.received] == [50, 50, 10]


def test_runs_without_runs_says_so(tickfold: Command, fake: FakeStack) -> None:
    listed = tickfold("runs")
    assert listed.stderr == "there are no runs yet: see `tickfold run`\n"


def test_runs_table_on_terminal_breaks_no_id(ended: FakeStack) -> None:
    with terminal("runs", columns=60) as screen:
        assert screen.end() == 0
        rows = [" ".join(line.split()) for line in screen.written.splitlines()]
    assert f"{RUN} succeeded 7/7 GOOG sma_cross 2020-01-01T10:00Z 414.23 % 0.581 \x1b[2m– \x1b[0m" in rows
    assert "other running 3/7 GOOG sma_cross 2020-01-01T10:00Z – – \x1b[2m– \x1b[0m" in rows


def test_attach_shows_finished_run_like_run(tickfold: Command, ended: FakeStack) -> None:
    attached, as_json = tickfold("attach", RUN), tickfold("attach", RUN, "--json")
    ran, ran_json = tickfold(*START), tickfold(*START, "--json")
    assert attached.status == 0
    assert "Final equity            51,422.99" in attached.stdout
    assert (attached.stdout, attached.stderr) == (ran.stdout, ran.stderr)
    assert as_json.stdout == ran_json.stdout
    assert ended.types() == ["resume", "resume", "start_backtest", "start_backtest"]


def test_attach_shows_sweep_with_table(tickfold: Command, fake: FakeStack, messages: list[Message]) -> None:
    best = [Ranked(rank=1, parameters={"fast": 10}, metrics=dict.fromkeys(_HEADLINES, 1))]
    table = Sweep(run_id=RUN, sequence=2, rank_by="sharpe", combinations=1, left_out=0, best=best, table_uri="s3://b/t")
    fake.runs[RUN] = [messages[0], table, messages[-1].model_copy(update={"sequence": 3})]
    attached = tickfold("attach", RUN)
    assert "1 of 1 run by Sharpe" in attached.stdout
    assert json.loads(tickfold("attach", RUN, "--json").stdout)["table_uri"] == "s3://b/t"


_HEADLINES = ("sharpe", "total_return", "max_drawdown", "trades", "final_equity")


def test_attach_to_failed_run_is_status_four_with_reason(
    tickfold: Command, fake: FakeStack, messages: list[Message]
) -> None:
    fake.runs[RUN] = [messages[0], Failed(run_id=RUN, sequence=2, stage="plan", reason="too few bars")]
    attached = tickfold("attach", RUN)
    assert (attached.status, attached.stdout) == (4, "")
    assert attached.stderr.endswith("tickfold: too few bars\n")


def test_attach_timeout_says_that_run_continues(tickfold: Command, ended: FakeStack) -> None:
    attached = tickfold("attach", "other", "--timeout", "1")
    assert attached.status == 6
    assert attached.stderr == "tickfold: no result within 1 s; run other continues\n"


@pytest.mark.parametrize("command", ["attach", "cancel"])
def test_unknown_run_is_refused(tickfold: Command, fake: FakeStack, command: str) -> None:
    refused = tickfold(command, "nope")
    assert (refused.status, refused.stdout, refused.stderr) == (3, "", "tickfold: there is no run nope\n")


def test_cancel_stops_running_run_only(tickfold: Command, ended: FakeStack, result: Result) -> None:
    cancelled, too_late = tickfold("cancel", "other"), tickfold("cancel", RUN)
    assert (cancelled.status, cancelled.stdout) == (0, "run other is cancelled\n")
    assert ended.runs["other"][-1].model_dump()["type"] == "cancelled"
    assert too_late.status == 3
    assert too_late.stderr == f"tickfold: run {RUN} had already ended; `tickfold attach {RUN}` shows how\n"
    assert ended.runs[RUN][-1] == result
