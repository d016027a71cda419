"""What every command does alike: help, version, wrong usage, failures without a trace."""

from pathlib import Path

import pytest

from tests.cli.conftest import Command

SWEEP = ["sweep", "--symbol", "A", "--strategy", "sma_cross"]


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["up"],
        ["down"],
        ["status"],
        ["token"],
        ["run"],
        ["sweep"],
        ["runs"],
        ["attach"],
        ["cancel"],
        ["check"],
        ["query"],
        ["data"],
        ["data", "load"],
        ["data", "list"],
    ],
    ids=" ".join,
)
def test_help_of_command_is_on_stdout(tickfold: Command, command: list[str]) -> None:
    ended = tickfold(*command, "--help")
    assert ended.status == 0
    assert f"Usage: {' '.join(['tickfold', *command])}" in ended.stdout
    assert ended.stderr == ""


def test_help_lists_every_command(tickfold: Command) -> None:
    shown = tickfold("--help").stdout
    names = "up down status token run sweep runs attach cancel check query data"
    assert all(f"\n  {name} " in shown for name in names.split())


def test_version_is_printed(tickfold: Command) -> None:
    assert tickfold("--version").stdout == "tickfold 0.1.0\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["run"], "Missing option '--symbol'"),
        (["run", "--symbol", "A", "--param", "fast"], "'fast' is not name=value"),
        (["run", "--symbol", "A", "--param", "fast=ten"], "'ten' is not a number"),
        (["run", "--symbol", "A", "--param", "fast=nan"], "'nan' is not a number"),
        (["run", "--symbol", "A", "--param", "=1"], "'=1' is not name=value"),
        (["run", "--symbol", "A", "--param", "a=1", "--param", "a=2"], "a is given more than once"),
        (["run", "--symbol", "A", "--start", "01/02/2020"], "does not match the format"),
        (["run", "--symbol", "A", "--chunks", "0"], "'--chunks'"),
        (["run", "--symbol", "A", "--direction", "up"], "'--direction'"),
        (
            ["run", "--symbol", "A", "--strategy", "my.py"],
            "my.py is a file; give a strategy's name. To run your own, put",
        ),
        (
            ["run", "--symbol", "A", "--detach", "--save", "x"],
            "--detach does not wait for what --save and --report write",
        ),
        ([*SWEEP, "--detach", "--save", "x"], "--detach does not wait for what --save writes"),
        (["runs", "--limit", "0"], "'--limit'"),
        (["runs", "--csv", "--json"], "--csv and --json exclude each other"),
        (["attach"], "Missing argument 'RUN_ID'"),
        (["cancel"], "Missing argument 'RUN_ID'"),
        (["check"], "Missing argument 'STRATEGY'"),
        (["check", "macd", "--param", "fast"], "'fast' is not name=value"),
        (["sweep", "--symbol", "A"], "Missing option '--strategy'"),
        ([*SWEEP, "--param", "fast=1:2"], "'fast=1:2' is not name=value, name=1,2,3 or name=from:to:step"),
        ([*SWEEP, "--param", "fast=1,ten"], "'fast=1,ten' is not name=value, name=1,2,3 or name=from:to:step"),
        ([*SWEEP, "--param", "fast=ten"], "'ten' is not a number"),
        ([*SWEEP, "--param", "a=1", "--param", "a=2,3"], "a is given more than once"),
        (["sweep", "--symbol", "A,B", "--strategy", "macd"], "'A,B' names several symbols, and a sweep takes one"),
        (["sweep", "--symbol", "A=70%", "--strategy", "macd"], "'A=70%' has a share, and a sweep trades with all of"),
        (["run", "--symbol", "A=70"], "for 70 percent write 70% or 0.7"),
        (["run", "--symbol", "A=7x"], "'A=7x': a share is a fraction such as 0.7 or 70%"),
        ([*SWEEP, "--walk-forward", "500"], "'500' is not bars in sample:bars out of sample, such as 500:100"),
        ([*SWEEP, "--walk-forward", "0:10"], "'0:10' is not bars in sample:bars out of sample"),
        ([*SWEEP, "--top", "51"], "'--top'"),
        (["query"], "give either an SQL statement, or --file FILE, or --saved NAME"),
        (["query", "SELECT 1", "--csv", "--json"], "--csv and --json exclude each other"),
        (["data", "load", "f.csv"], "Missing option '--symbol'"),
        (["data", "load", "f.csv", "--symbol", "a b"], "'a b' is not a symbol"),
        (["data", "load", "f.csv", "--symbol", "A", "--timeframe", "often"], "'often' is not a timeframe"),
        (["data", "load", "f.csv", "--symbol", "A", "--calendar", "NYSE"], "'NYSE' is not a time zone such as"),
        (
            ["data", "load", "f.csv", "--symbol", "A", "--timeframe", "dialy"],
            "timeframe (did you mean daily?): a number",
        ),
        (["nonsense"], "No such command 'nonsense'"),
        (["swep"], "No such command 'swep'. Did you mean 'sweep'?"),
        (["data", "lod"], "No such command 'lod'. Did you mean 'load'?"),
        (["run", "--comission", "1"], "No such option: --comission (Possible options: --commission,"),
    ],
)
def test_usage_error_is_status_two_with_reason(tickfold: Command, arguments: list[str], reason: str) -> None:
    ended = tickfold(*arguments)
    assert (ended.status, ended.stdout) == (2, "")
    assert reason in " ".join(ended.stderr.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--symbol", "A"],
        SWEEP,
        ["runs"],
        ["attach", "r"],
        ["cancel", "r"],
        ["query", "SELECT 1"],
        ["data", "list"],
        ["data", "load", "f.csv", "--symbol", "A"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_command_without_stack_says_how_to_get_one(tickfold: Command, alone: Path, arguments: list[str]) -> None:
    ended = tickfold(*arguments)
    assert (ended.status, ended.stdout) == (5, "")
    assert ended.stderr.startswith(
        "tickfold: no stack is running and none is named: start the embedded stack with `tickfold up`"
    )
    assert ended.stderr.count("\n") == 1


def test_unexpected_error_is_one_line_with_trace_on_request(
    tickfold: Command, alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A stack whose output is damaged in a way that nobody foresaw.
    monkeypatch.setenv("TICKFOLD_WEBSOCKET_URL", "ws://127.0.0.1:1/stage")
    monkeypatch.setenv("TICKFOLD_REGION", "us-east-1")
    monkeypatch.setenv("TICKFOLD_BUCKET", "no such bucket!")
    quiet = tickfold("data", "list")
    monkeypatch.setenv("TICKFOLD_TRACEBACK", "1")
    traced = tickfold("data", "list")
    assert quiet.status == traced.status == 1
    assert quiet.stderr.startswith("tickfold: AWS call failed: Parameter validation failed")
    assert "Traceback" not in quiet.stderr
    assert "Traceback" in traced.stderr
