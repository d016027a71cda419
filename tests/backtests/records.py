"""Runs, configs and callers for the tests of this folder."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, cast

from tests.aws import ADA, STATE_MACHINE_ARN
from tickfold.backtests.quota import Limits, Start
from tickfold.backtests.run import Run
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.identity.user import User
from tickfold.protocol import Accepted, BacktestConfig, Message, Result, dump, parse_message
from tickfold.realtime.caller import Caller

CONFIG = BacktestConfig(stock="AAPL", start_date=date(2000, 3, 1), end_date=date(2001, 3, 1), start_capital=1_000)
PLENTY = Limits(running=100, daily=100)
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def a_run(run_id: str = "r1", user: str = "ada", **more: Any) -> Run:
    """Return the record of a run that is about to start."""
    arn = f"{STATE_MACHINE_ARN.replace(':stateMachine:', ':execution:')}:{run_id}"
    known = {"portfolio": None, "created_at": NOW, "request": dump(CONFIG)} | more
    return Run(run_id=run_id, user_id=user, status="running", execution_arn=arn, sequence=1, **known)


def begin(
    runs: RunLifecycle,
    run_id: str = "r1",
    user: str = "ada",
    *,
    key: str | None = None,
    request: str = "{}",
    limits: Limits = PLENTY,
    **more: Any,
) -> Run:
    """Record the start of a run; return its record."""
    run = a_run(run_id, user, **more)
    accepted = Accepted(run_id=run_id, sequence=1, execution_arn=run.execution_arn, config=CONFIG)
    return runs.create(run, accepted, Start(user, run_id, key or run_id, request, limits), already_sent_to="c1")


def result(**more: Any) -> Result:
    """Return the result of a run."""
    known: dict[str, Any] = {
        "symbol": "AAPL",
        "timeframe": "1d",
        "start": date(2000, 3, 1),
        "end": date(2001, 3, 1),
        "bars": 250,
        "strategy": "buy_and_hold",
        "parameters": {},
        "chunks": 4,
        "replayed_bars": 0,
        "metrics": {"final_equity": 1_100.0, "sharpe": None, "trades": 1, "beta": 1.0},
        "execution_arn": "arn",
        "trades_uri": "",
        "equity_uri": "",
        "duration_seconds": 1.5,
    }
    return Result(**known | more)


@dataclass
class Connection:
    """The connection of a caller: every reply and text that was sent to it, until it is gone."""

    sent: list[str] = field(default_factory=list)
    gone_after: int = 1_000

    def send(self, _connection_id: str, text: str) -> bool:
        if len(self.sent) >= self.gone_after:
            return False
        self.sent.append(text)
        return True

    @property
    def messages(self) -> list[Message]:
        return [parse_message(text) for text in self.sent]


def caller(connection: Connection, user: User = ADA, connection_id: str = "c1") -> Caller:
    """Return the sender of a request with the correlation id `x1`."""
    return Caller(connection_id, "m1", user, cast(Any, connection), "x1")
