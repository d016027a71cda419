"""Reconcile: ends runs whose execution is not running, every few minutes."""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from functions.settings import ReconcileSettings
from tickfold.backtests.quota import Quota
from tickfold.backtests.reconciliation import Reconciler
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.backtests.workflow import Workflow

logger = Logger()


@cache
def dependencies() -> Reconciler:
    settings, dynamodb = ReconcileSettings.read(), wiring.dynamodb()
    runs = RunLifecycle(dynamodb.Table(settings.runs_table), Quota(dynamodb.Table(settings.users_table)))
    return Reconciler(runs, Workflow(wiring.step_functions(), settings.state_machine_arn), logger)


@logger.inject_lambda_context(clear_state=True)
def handler(_event: dict[str, Any], _context: LambdaContext) -> None:
    dependencies().reconcile()
