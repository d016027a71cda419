"""`tickfold sweep`, against a WebSocket server on this machine in place of a stack's."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.client.fake_stack import FakeStack
from tickfold.protocol import Error, Message, Number, Ranked, Result, Sample, Sweep, WalkForward, WindowOutcome

SWEEP = ["sweep", "--symbol", "goog", "--start", "2004-08-19", "--end", "2013-03-01", "--strategy", "sma_cross"]
FIRST: dict[str, Number | None] = {
    "sharpe": 0.5806,
    "total_return": 4.1423,
    "max_drawdown": -0.4798,
    "trades": 66,
    "final_equity": 51_422.99,
}
SECOND: dict[str, Number | None] = {
    "sharpe": None,
    "total_return": -0.5,
    "max_drawdown": -0.75,
    "trades": 0,
    "final_equity": 5_000.0,
}


@pytest.fixture(autouse=True)
def _alone(alone: Path) -> None:
    pass


@pytest.fixture
def ranking(messages: list[Message], result: Result) -> list[Message]:
    """A sweep's messages."""
    table = Sweep(
        run_id=result.run_id,
        sequence=4,
        rank_by="sharpe",
        combinations=2,
        left_out=1,
        best=[
            Ranked(rank=1, parameters={"fast": 10, "slow": 30}, metrics=FIRST),
            Ranked(rank=2, parameters={"fast": 20, "slow": 30}, metrics=SECOND),
        ],
        table_uri="s3://bucket/data/sweeps/run_id=goog-sma_cross-1/sweep.parquet",
    )
    return _with(table, messages)


@pytest.fixture
def windows(messages: list[Message], result: Result) -> list[Message]:
    """A walk-forward's messages, of which the table has more windows than the message."""
    day = 86_400_000
    window = WindowOutcome(
        window=1,
        parameters={"fast": 10, "slow": 30},
        in_sample=Sample(start=0, end=364 * day, metric=1.5, total_return=0.25),
        out_of_sample=Sample(start=365 * day, end=400 * day, metric=None, total_return=-0.125),
    )
    table = WalkForward(
        run_id=result.run_id,
        sequence=4,
        rank_by="sharpe",
        combinations=2,
        left_out=0,
        windows=61,
        unused_bars=12,
        first=[window],
        table_uri="s3://bucket/data/walk_forward/run_id=goog-sma_cross-1/walk_forward.parquet",
    )
    return _with(table, messages)


def _with(table: Message, messages: list[Message]) -> list[Message]:
    later = [message.model_copy(update={"sequence": message.sequence + 1}) for message in messages[3:]]
    return [*messages[:3], table, *later]


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_options_become_request(tickfold: Command, fake: FakeStack, ranking: list[Message]) -> None:
    fake.plan = ranking[1:]
    options = "--param fast=5:50:5 --param slow=20,50.5 --param level=-1 --rank sqn --walk-forward 500:100"
    assert tickfold(*SWEEP, *options.split(), "--capital", "5000", "--chunks", "7").status == 0
    request = fake.received[0]
    assert request["type"] == "start_sweep"
    config = request["config"]
    assert config["parameters"] == {"fast": {"from": 5, "to": 50, "step": 5}, "slow": [20, 50.5], "level": -1}
    assert (config["rankBy"], config["walkForward"]) == ("sqn", {"inSample": 500, "outOfSample": 100})
    assert (config["stock"], config["startCapital"], config["chunks"]) == ("GOOG", 5000, 7)


def test_sweep_shows_ranking_before_summary(tickfold: Command, fake: FakeStack, ranking: list[Message]) -> None:
    fake.plan = ranking[1:]
    ended = tickfold(*SWEEP)
    only_best = tickfold(*SWEEP, "--top", "1")
    assert ended.status == 0
    shown = lines(ended.stdout)
    assert shown[:2] == ["2 of 2 runs by Sharpe", "left out, as the strategy does not accept them: 1"]
    assert shown[3] == "fast slow Sharpe Return Drawdown Trades Final equity"
    assert shown[5:7] == ["1 10 30 0.581 414.23 % -47.98 % 66 51,422.99", "2 20 30 – -50.00 % -75.00 % 0 5,000.00"]
    assert ended.stdout.index("Final equity            51,422.99") > ended.stdout.index("5,000.00")
    assert lines(only_best.stdout)[0] == "1 of 2 runs by Sharpe"
    assert "20 30" not in only_best.stdout


def test_walk_forward_shows_choice_and_outcome_of_windows(
    tickfold: Command, fake: FakeStack, windows: list[Message]
) -> None:
    fake.plan = windows[1:]
    ended = tickfold(*SWEEP, "--walk-forward", "365:36")
    shown = lines(ended.stdout)
    assert shown[:2] == [
        "61 windows, in each the best of 2 runs by Sharpe",
        "bars at the end, too few for a window: 12",
    ]
    assert "1 1971-01-01 10 30 1.500 25.00 % – -12.50 %" in shown
    assert "… and 60 more" in shown


def test_json_of_sweep_is_one_document_with_best_result(
    tickfold: Command, fake: FakeStack, ranking: list[Message], windows: list[Message]
) -> None:
    fake.plan = ranking[1:]
    ranked = json.loads(tickfold(*SWEEP, "--json").stdout)
    fake.plan = windows[1:]
    fake.runs.clear()
    walked = json.loads(tickfold(*SWEEP, "--json").stdout)
    ends = ["table_uri", "result"]
    assert list(ranked) == ["run_id", "status", "rank_by", "combinations", "left_out", "best", *ends]
    assert list(walked) == [
        *("run_id", "status", "rank_by", "combinations", "left_out", "windows", "unused_bars", "first", *ends)
    ]
    assert ranked["best"][1] == {"rank": 2, "parameters": {"fast": 20, "slow": 30}, "metrics": SECOND}
    assert ranked["result"]["metrics"]["final_equity"] == 51_422.99
    assert ranked["result"]["run_id"] == ranked["run_id"] == "goog-sma_cross-1"
    assert walked["first"][0]["out_of_sample"]["total_return"] == -0.125


def test_refused_sweep_is_status_three_with_reason(tickfold: Command, fake: FakeStack) -> None:
    fake.refusal = Error(reason="too many combinations")
    plain, as_json = tickfold(*SWEEP), tickfold(*SWEEP, "--json")
    assert (plain.status, plain.stdout, plain.stderr) == (3, "", "tickfold: too many combinations\n")
    assert json.loads(as_json.stdout) == {"run_id": None, "status": "failed", "error": "too many combinations"}


def test_sweep_without_table_says_so(tickfold: Command, fake: FakeStack) -> None:
    ended = tickfold(*SWEEP)
    assert ended.status == 1
    assert ended.stderr.endswith("tickfold: the table of run goog-sma_cross-1 did not arrive; ask for it in SQL\n")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--param", "fast=50:5:5"], "a range from 50 to 5 has no number in it"),
        (["--param", "fast=5,5"], "parameter fast has a value twice"),
        (["--capital", "-5"], "--capital -5.0: "),
    ],
)
def test_invalid_value_of_sweep_is_named_and_sends_nothing(
    tickfold: Command, monkeypatch: pytest.MonkeyPatch, options: list[str], reason: str
) -> None:
    monkeypatch.setenv("TICKFOLD_WEBSOCKET_URL", "ws://127.0.0.1:1/nobody")
    ended = tickfold(*SWEEP, *options)
    assert ended.status == 2
    assert ended.stderr.startswith(f"tickfold: {reason}")
