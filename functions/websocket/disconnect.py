"""$disconnect: removes a connection. API Gateway calls it at best effort, so the tables' rows expire as well."""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import APIGatewayWebSocketEvent, event_source
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from functions.settings import ConnectionsSettings
from functions.websocket.log_keys import connection_keys
from tickfold.realtime.connections import ConnectionStore

logger = Logger()


@cache
def dependencies() -> ConnectionStore:
    return wiring.connection_store(wiring.dynamodb(), ConnectionsSettings.read())


@logger.inject_lambda_context(clear_state=True)
@event_source(data_class=APIGatewayWebSocketEvent)
def handler(event: APIGatewayWebSocketEvent, _context: LambdaContext) -> dict[str, Any]:
    logger.append_keys(**connection_keys(event.raw_event))
    dependencies().remove(event.request_context.connection_id)
    logger.info("disconnected")
    return {"statusCode": 200}
