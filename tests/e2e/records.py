"""Records of runs without an execution, in the stack's tables."""

import secrets
from datetime import UTC, date, datetime

import boto3

from embedded.stack import EmbeddedStack
from tickfold.backtests.quota import Limits, Quota, Start
from tickfold.backtests.run import Run
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.protocol import Accepted, BacktestConfig, dump

CONFIG = BacktestConfig(stock="AAPL", start_date=date(2000, 3, 1), end_date=date(2001, 3, 1), start_capital=1_000)
PLENTY = Limits(running=1_000, daily=1_000)


def run_lifecycle(stack: EmbeddedStack) -> RunLifecycle:
    """Return the lifecycle of runs in the stack's tables, with administrator credentials."""
    key = stack.credentials
    session = boto3.Session(key.access_key_id, key.secret_access_key, region_name=stack.region)
    dynamodb = session.resource("dynamodb", endpoint_url=stack.endpoint_url)
    users, runs = (dynamodb.Table(stack.outputs[f"{name}_table"]) for name in ("users", "runs"))
    return RunLifecycle(runs, Quota(users))


def begin(
    runs: RunLifecycle, user: str, *, key: str | None = None, request: str = "{}", limits: Limits = PLENTY
) -> Run:
    """Create the record of a run that `user` started; return it."""
    run_id = f"run-{secrets.token_hex(6)}"
    arn = f"arn:aws:states:us-east-1:000000000000:execution:x:{run_id}"
    run = Run(run_id, user, None, "running", datetime.now(UTC), arn, dump(CONFIG), 1)
    accepted = Accepted(run_id=run_id, sequence=1, execution_arn=arn, config=CONFIG)
    return runs.create(run, accepted, Start(user, run_id, key or run_id, request, limits), already_sent_to="c=")
