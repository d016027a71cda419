"""$default: everything that a client sends. A request that is wrong is answered, and starts nothing."""

import json
import secrets
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import granted
from tickfold import environment
from tickfold.errors import RunError
from tickfold.failure import reason_of
from tickfold.planning import check
from tickfold.protocol import (
    Accepted,
    Error,
    Failed,
    Ping,
    Pong,
    Resume,
    StartBacktest,
    StartSweep,
    dump,
    parse_request,
)
from tickfold.runs import new_run_id
from tickfold.storage.catalog import SeriesCatalog

logger = Logger()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Answer through the connection; the status code is API Gateway's only."""
    connection_id = event["requestContext"]["connectionId"]
    try:
        _answer(connection_id, event.get("body") or "")
        logger.info("answered")
    except RunError as error:
        granted.outbox().deliver(connection_id, Error(reason=str(error)))
    except Exception as error:
        logger.exception("the message could not be handled")
        granted.outbox().deliver(connection_id, Error(reason=reason_of(error, "start")))
    return {"statusCode": 200}


def _answer(connection_id: str, body: str) -> None:
    match parse_request(body):
        case Ping():
            granted.outbox().deliver(connection_id, Pong())
        case Resume(run_id=run_id, after=after):
            _resume(connection_id, run_id, after)
        case StartBacktest() | StartSweep() as request:
            _start(connection_id, request)


def _resume(connection_id: str, run_id: str, after: int) -> None:
    run = granted.runs().get(run_id)
    if run is None or run.user_id != granted.connections().user_of(connection_id):
        raise RunError(f"there is no run {run_id}")
    granted.runs().attach(run_id, connection_id)
    for message in granted.runs().messages_after(run_id, after):
        granted.outbox().post.send(connection_id, message)


def _start(connection_id: str, request: StartBacktest | StartSweep) -> None:
    config = request.config
    symbols = [allocation.symbol for allocation in config.allocations]
    found = SeriesCatalog(granted.s3(), granted.bucket()).find_all(symbols, config.timeframe)
    check(config, found)
    config = config.model_copy(update={"timeframe": found[0].timeframe})
    run_id = new_run_id(symbols, config.strategy, datetime.now(UTC), secrets.token_hex(3))
    logger.append_keys(run_id=run_id)
    granted.runs().create(run_id, connection_id, granted.connections().user_of(connection_id), dump(config))
    try:
        started = granted.step_functions().start_execution(
            stateMachineArn=environment.require(environment.STATE_MACHINE_ARN),
            name=run_id,
            input=json.dumps({"run_id": run_id, "request": config.model_dump(mode="json", by_alias=True)}),
        )
    except Exception as error:
        logger.exception("the workflow could not be started")
        granted.runs().set(run_id, status="failed")
        failed = Failed(run_id=run_id, sequence=1, stage="start", reason=reason_of(error, "start"))
        granted.outbox().deliver(connection_id, failed)
        return
    accepted = Accepted(run_id=run_id, sequence=1, execution_arn=started["executionArn"], config=config)
    granted.outbox().deliver(connection_id, accepted)
