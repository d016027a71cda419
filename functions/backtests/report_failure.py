"""Report failure: ends a run whose execution has ended without a result, and publishes why."""

from functools import cache

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import EventBridgeEvent, event_source
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from functions.settings import ReportFailureSettings
from tickfold.backtests.failure import failed_of
from tickfold.backtests.quota import Quota
from tickfold.backtests.run_lifecycle import RunLifecycle

logger = Logger()


@cache
def dependencies() -> RunLifecycle:
    settings, dynamodb = ReportFailureSettings.read(), wiring.dynamodb()
    return RunLifecycle(dynamodb.Table(settings.runs_table), Quota(dynamodb.Table(settings.users_table)))


@logger.inject_lambda_context(clear_state=True)
@event_source(data_class=EventBridgeEvent)
def handler(event: EventBridgeEvent, _context: LambdaContext) -> None:
    report_failure(event, dependencies())


def report_failure(event: EventBridgeEvent, runs: RunLifecycle) -> None:
    """Take the status event of an execution that has ended; a run that has ended is left as it is."""
    execution = event.detail
    logger.append_keys(run_id=execution["name"], status=execution["status"])
    run = runs.get(execution["name"])
    if run is not None:
        logger.append_keys(user_id=run.user_id)
        ended = runs.end(run.run_id, failed_of(run, execution))
        logger.info("reported" if ended else "the run had ended before")
