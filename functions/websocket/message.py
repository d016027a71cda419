"""$default: everything that a client sends. A request that is wrong is answered, and starts nothing."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from functions.websocket import following, starting
from functions.websocket.caller import Caller
from tickfold.backtests.failure import reason_of
from tickfold.errors import RunError
from tickfold.protocol import (
    Cancel,
    Error,
    GetResult,
    IdentityMessage,
    ListRuns,
    Ping,
    Pong,
    RequestError,
    Resume,
    StartBacktest,
    StartSweep,
    Subscribe,
    Unsubscribe,
    Whoami,
    parse_request,
)

logger = Logger()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Answer through the connection; the status code is API Gateway's only."""
    caller = Caller.of(event)
    logger.append_keys(connection_id=caller.connection_id)
    try:
        _answer_or_refuse(caller, event.get("body") or "")
        logger.info("answered")
    except Exception:
        # If this were raised API Gateway would send the client an answer of its own, which says nothing.
        logger.exception("the answer could not be sent")
    return {"statusCode": 200}


def _answer_or_refuse(caller: Caller, body: str) -> None:
    try:
        if caller.has_expired:
            _turn_away(caller)
        else:
            _answer(caller, body)
    except RequestError as error:
        caller.correlation_id = error.correlation_id
        caller.answer(Error(code=error.code, reason=str(error)))
    except RunError as error:
        caller.answer(Error(code=error.code, reason=str(error)))
    except Exception as error:
        logger.exception("the message could not be handled")
        caller.answer(Error(code="internal", reason=reason_of(error, "the request")))


def _answer(caller: Caller, body: str) -> None:
    request, ignored = parse_request(body)
    caller.correlation_id = request.correlation_id
    match request:
        case StartBacktest() | StartSweep():
            starting.start(caller, request, ignored)
        case Cancel():
            following.cancel(caller, request)
        case Resume():
            following.resume(caller, request)
        case ListRuns():
            following.list_runs(caller, request)
        case GetResult():
            following.get_result(caller, request)
        case Subscribe():
            following.subscribe(caller, request)
        case Unsubscribe():
            following.unsubscribe(caller, request)
        case Ping():
            caller.answer(Pong())
        case Whoami():
            identity = caller.identity
            caller.answer(
                IdentityMessage(
                    user_id=identity.user_id,
                    portfolios=list(identity.portfolios),
                    expires_at=identity.expires_at * 1_000,
                    connection_id=caller.connection_id,
                )
            )


def _turn_away(caller: Caller) -> None:
    caller.answer(Error(code="expired", reason="the token has expired; connect again with a new one"))
    wiring.connections().remove(caller.connection_id)
    wiring.post().close(caller.connection_id)
