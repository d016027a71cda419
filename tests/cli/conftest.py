"""The command line as its user meets it: arguments in; exit status, stdout and stderr out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from tests.client.fake_stack import FakeStack, stack_in_thread
from tickfold.cli import main
from tickfold.cli.target import OUTPUTS, variable_of
from tickfold.protocol import Accepted, BacktestConfig, Message, Partial, Planned, Progress, Result


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str


if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "lake"
Command = Callable[..., Ended]


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment that names no stack, and a state directory in which none is up."""
    for name in (*map(variable_of, OUTPUTS), "TICKFOLD_STACK_OUTPUTS", "TICKFOLD_TOKEN", "TICKFOLD_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TICKFOLD_CONFIG", "")
    monkeypatch.setenv("TICKFOLD_STATE_DIR", str(tmp_path / "state"))
    return tmp_path


@pytest.fixture
def tickfold(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command in this process."""

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr("sys.argv", ["tickfold", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        written = capsys.readouterr()
        return Ended(int(ended.value.code or 0), written.out, written.err)

    return run


@pytest.fixture
def result() -> Result:
    return Result(
        run_id="goog-sma_cross-1",
        sequence=6,
        symbol="GOOG",
        timeframe="1d",
        start=date(2004, 8, 19),
        end=date(2013, 3, 1),
        bars=2_148,
        strategy="sma_cross",
        parameters={"fast": 10, "slow": 30},
        chunks=7,
        replayed_bars=185,
        metrics={
            "final_equity": 51_422.99,
            "total_return": 4.142299,
            "max_drawdown": -0.4798,
            "max_drawdown_duration": 584.0,
            "average_drawdown_duration": 1.0,
            "trades": 66.0,
            "sharpe": 0.5806,
            "profit_factor": None,
            "ulcer_index": 1.25,
        },
        execution_arn="arn:aws:states:us-east-1:000000000000:execution:tickfold-dev:goog-sma_cross-1",
        trades_uri="s3://bucket/data/trades/run_id=goog-sma_cross-1/trades.parquet",
        equity_uri="s3://bucket/data/equity/run_id=goog-sma_cross-1/equity.parquet",
        duration_seconds=4.04,
    )


@pytest.fixture
def messages(result: Result) -> list[Message]:
    """A run's messages, from the first to the result."""
    config = BacktestConfig(stock="GOOG", start_date=result.start, end_date=result.end, start_capital=10_000)
    return [
        Accepted(run_id=result.run_id, sequence=1, execution_arn=result.execution_arn, config=config),
        Planned(run_id=result.run_id, sequence=2, symbol="GOOG", timeframe="1d", bars=2_148, chunks=7),
        Progress(run_id=result.run_id, sequence=3, chunks_done=7, chunks=7),
        Partial(
            run_id=result.run_id,
            sequence=4,
            piece=1,
            pieces=2,
            equity=[(0, 10_000.0), (1, 20_000.0)],
            buy_and_hold=[None, 10_000.0],
        ),
        Partial(run_id=result.run_id, sequence=5, piece=2, pieces=2, equity=[(2, 51_422.99)], buy_and_hold=[30_000.0]),
        result,
    ]


@pytest.fixture
def fake(alone: Path, messages: list[Message], monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeStack]:
    """A stack's API on this machine, the one that commands use: each run that is started has those messages."""
    with stack_in_thread(plan=messages[1:], run_id="goog-sma_cross-1") as serving:
        monkeypatch.setenv("TICKFOLD_WEBSOCKET_URL", serving.url)
        monkeypatch.setenv("TICKFOLD_TOKEN", "a.b.c")
        yield serving


@pytest.fixture
def s3(alone: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["S3Client"]:
    """A client of the bucket of the stack that commands use, which is empty and in this process."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("TICKFOLD_REGION", "us-east-1")
    monkeypatch.setenv("TICKFOLD_BUCKET", BUCKET)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client
