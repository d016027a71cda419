"""`tickfold run`, against a WebSocket server on this machine in place of a stack's."""

import json
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.client.fake_stack import FakeStack, Peer
from tickfold.protocol import Cancelled, Error, Failed, NoTrades, Result

RUN = ("run", "--symbol", "goog", "--start", "2004-08-19", "--end", "2013-03-01")
KEYS = [
    "run_id",
    "status",
    "symbol",
    "start",
    "end",
    "bars",
    "strategy",
    "parameters",
    "chunks",
    "replayed_bars",
    "sequential_bars",
    "metrics",
    "execution_arn",
    "trades_uri",
    "equity_uri",
    "duration_seconds",
]


@pytest.fixture(autouse=True)
def _alone(alone: Path) -> None:
    pass


def test_options_become_request(tickfold: Command, fake: FakeStack) -> None:
    options = "--strategy sma_cross --param fast=10 --param level=2.5 --capital 5000 --timeframe 1d --commission 0.002"
    more = (
        "--spread 0.001 --fractional --direction long --keep-open --chunks 7 --fill close --limit 1% "
        "--limit-bars 3 --stop-loss 500bp --take-profit 0.1 --trailing-stop 0.04 --max-bars 9 "
        "--size volatility:0.2:60 --slippage 5bp --commission-per-share 0.01 --commission-fixed 1 "
        "--commission-minimum 2 --adjustment splits"
    )
    assert tickfold(*RUN, *options.split(), *more.split()).status == 0
    assert fake.received[0]["config"] == {
        "stock": "GOOG",
        "startDate": "2004-08-19",
        "endDate": "2013-03-01",
        "startCapital": 5000.0,
        "strategy": "sma_cross",
        "parameters": {"fast": 10, "level": 2.5},
        "timeframe": "1d",
        "direction": "long",
        "fill": "close",
        "limit": 0.01,
        "limitBars": 3,
        "stopLoss": 0.05,
        "takeProfit": 0.1,
        "trailingStop": 0.04,
        "maxBars": 9,
        "sizing": {"kind": "volatility", "value": 0.2, "bars": 60},
        "fractionalShares": True,
        "commission": {"relative": 0.002, "perShare": 0.01, "fixed": 1.0, "minimum": 2.0},
        "spread": 0.001,
        "slippage": 0.0005,
        "closeAtEnd": False,
        "chunks": 7,
        "adjustment": "splits",
    }


def test_run_writes_summary_on_stdout_and_progress_on_stderr(
    tickfold: Command, fake: FakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    ended = tickfold(*RUN)
    assert ended.status == 0
    assert "Final equity            51,422.99" in ended.stdout
    assert "┤" not in ended.stdout  # a chart is for a terminal
    assert ended.stderr == "run goog-sma_cross-1\nGOOG 1d: 2,148 bars, 7 chunks\n"
    assert "\x1b" not in ended.stdout + ended.stderr


def test_json_output_is_one_document(tickfold: Command, fake: FakeStack) -> None:
    ended = tickfold(*RUN, "--json")
    document = json.loads(ended.stdout)
    assert ended.status == 0
    assert list(document) == KEYS
    assert (document["run_id"], document["status"]) == ("goog-sma_cross-1", "succeeded")
    assert (document["start"], document["end"]) == ("2004-08-19", "2013-03-01")
    assert document["metrics"]["profit_factor"] is None
    assert document["metrics"]["final_equity"] == 51_422.99


def test_json_of_long_run_says_in_how_many_files_it_is(tickfold: Command, fake: FakeStack, result: Result) -> None:
    fake.plan = [result.model_copy(update={"sequence": 2, "parts": 3})]
    document = json.loads(tickfold(*RUN, "--json").stdout)
    assert document["parts"] == 3
    assert list(document) == [*KEYS[:-1], "parts", KEYS[-1]]


def test_run_without_trades_says_why(tickfold: Command, fake: FakeStack, result: Result) -> None:
    reason = "not enough cash for one share: one cost 523.10, and the cash is 100.00"
    fake.plan = [result.model_copy(update={"sequence": 2, "no_trades": NoTrades(cause="cash", reason=reason)})]
    plain, as_json = tickfold(*RUN), tickfold(*RUN, "--json")
    assert (plain.status, as_json.status) == (0, 0)
    assert f"\nno trades: {reason}\n" in plain.stdout
    assert json.loads(as_json.stdout)["no_trades"] == {"cause": "cash", "reason": reason}


def test_failed_run_is_status_four_with_reason(tickfold: Command, fake: FakeStack) -> None:
    fake.plan = [Failed(sequence=2, stage="plan", reason="too few bars")]
    plain, as_json = tickfold(*RUN), tickfold(*RUN, "--json")
    assert (plain.status, plain.stdout) == (4, "")
    assert plain.stderr.endswith("tickfold: too few bars\n")
    assert as_json.status == 4
    assert json.loads(as_json.stdout) == {
        "run_id": "goog-sma_cross-1",
        "status": "failed",
        "error": "too few bars",
    }


def test_cancelled_run_is_status_four(tickfold: Command, fake: FakeStack) -> None:
    fake.plan = [Cancelled(sequence=2)]
    plain, as_json = tickfold(*RUN), tickfold(*RUN, "--json")
    assert (plain.status, plain.stdout) == (4, "")
    assert plain.stderr.endswith("tickfold: run goog-sma_cross-1 was cancelled\n")
    assert as_json.status == 4
    assert json.loads(as_json.stdout)["status"] == "cancelled"


def test_refused_request_has_no_run_id(tickfold: Command, fake: FakeStack) -> None:
    fake.refusal = Error(reason="unknown symbol GOOG")
    ended = tickfold(*RUN, "--json")
    assert ended.status == 3
    assert json.loads(ended.stdout) == {"run_id": None, "status": "failed", "error": "unknown symbol GOOG"}


def test_ignored_fields_are_noted(tickfold: Command, fake: FakeStack) -> None:
    fake.ignored = ["config.stopLos"]
    assert "unknown fields of the request are ignored: config.stopLos\n" in tickfold(*RUN).stderr


def test_detached_run_prints_id(tickfold: Command, fake: FakeStack) -> None:
    fake.plan = []
    plain, as_json = tickfold(*RUN, "--detach"), tickfold(*RUN, "--detach", "--json")
    assert (plain.status, plain.stdout) == (0, "goog-sma_cross-1\n")
    assert json.loads(as_json.stdout) == {"run_id": "goog-sma_cross-1", "status": "running"}


def test_lost_connection_is_noted_and_run_completes(tickfold: Command, fake: FakeStack) -> None:
    def connect(_stack: FakeStack, peer: Peer, number: int) -> None:
        peer.sends = None if number else 2

    fake.on_connect = connect
    ended = tickfold(*RUN)
    assert ended.status == 0
    lost = "connection lost, reconnecting\nreconnected\n"
    assert ended.stderr == f"run goog-sma_cross-1\nGOOG 1d: 2,148 bars, 7 chunks\n{lost}"


def test_token_of_environment_is_sent(tickfold: Command, fake: FakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKFOLD_TOKEN", "secret")
    assert tickfold(*RUN).status == 0
    fake.admit = lambda _token, _attempt: HTTPStatus.UNAUTHORIZED
    refused = tickfold(*RUN)
    assert fake.attempts == ["secret", "secret"]
    assert refused.status == 3
    assert "get one with `tickfold token`" in refused.stderr


def test_json_without_stack_is_document_with_error(tickfold: Command) -> None:
    ended = tickfold(*RUN, "--json")
    assert ended.status == 5
    assert json.loads(ended.stdout)["error"].startswith("no stack is running")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--end", "2003-01-01"], "--end 2003-01-01 is before --start 2004-08-19"),
        (
            ["--stop-loss", "5"],
            "--stop-loss '5': input should be less than 1: a bare number is a fraction; for 5 percent",
        ),
        (["--take-profit", "15"], "--take-profit '15': input should be less than 1: a bare number is a"),
        (["--size", "volatility:20"], "--size '20': input should be less than 1: a bare number is a"),
        (["--capital", "-5"], "--capital -5.0: "),
        (["--symbol", "not a symbol"], "--symbol 'not a symbol': a symbol has 1 to 20"),
        (["--commission", "1.5"], "--commission '1.5': "),
        (["--size", "fraction:2"], "a fraction of the cash is at most 1, not 2"),
        (["--size", "lots:2"], "--size 'lots': "),
        (["--stop-loss", "half"], "--stop-loss 'half': "),
        (["--limit-bars", "2"], "--limit-bars needs --limit: it sets when that order expires"),
    ],
)
def test_invalid_value_is_named_by_option_and_sends_nothing(
    tickfold: Command, monkeypatch: pytest.MonkeyPatch, options: list[str], reason: str
) -> None:
    monkeypatch.setenv("TICKFOLD_WEBSOCKET_URL", "ws://127.0.0.1:1/nobody")
    ended = tickfold(*RUN, *options)
    assert ended.status == 2
    assert ended.stderr.startswith(f"tickfold: {reason}")


def test_run_without_days_requires_bucket(tickfold: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKFOLD_WEBSOCKET_URL", "ws://127.0.0.1:1/nobody")
    ended = tickfold("run", "--symbol", "GOOG")
    assert ended.status == 5
    assert "does not name the stack's bucket" in ended.stderr


def test_unreachable_stack_is_named(tickfold: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKFOLD_WEBSOCKET_URL", "ws://127.0.0.1:1/nobody")
    monkeypatch.setenv("TICKFOLD_TOKEN", "a.b.c")
    ended = tickfold(*RUN)
    assert ended.status == 5
    assert ended.stderr.startswith("tickfold: cannot connect to ws://127.0.0.1:1/nobody: ")


def test_unusable_directory_is_refused_before_run(
    tickfold: Command, alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (alone / "file").write_text("")
    monkeypatch.setenv("TICKFOLD_WEBSOCKET_URL", "ws://127.0.0.1:1/nobody")
    ended = tickfold(*RUN, "--save", str(alone / "file" / "results"))
    assert ended.status == 1
    assert "cannot be made: Not a directory" in ended.stderr
