"""$connect: records a connection that is being opened, for the user whom the authorizer has let in.

With `?portfolioId=ID` it is subscribed to that portfolio of the user at once.
"""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import APIGatewayWebSocketEvent, event_source
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from functions.settings import ConnectionsSettings
from functions.websocket.log_keys import connection_keys
from tickfold.identity.handshake import SUBPROTOCOL, query_of, subprotocols_of
from tickfold.identity.user import User
from tickfold.realtime import topics
from tickfold.realtime.connections import ConnectionStore

logger = Logger()


@cache
def dependencies() -> ConnectionStore:
    return wiring.connection_store(wiring.dynamodb(), ConnectionsSettings.read())


@logger.inject_lambda_context(clear_state=True)
@event_source(data_class=APIGatewayWebSocketEvent)
def handler(event: APIGatewayWebSocketEvent, _context: LambdaContext) -> dict[str, Any]:
    logger.append_keys(**connection_keys(event.raw_event))
    return connect(event, dependencies())


def connect(event: APIGatewayWebSocketEvent, connections: ConnectionStore) -> dict[str, Any]:
    """Return 200, after which the connection exists; nothing can be sent to it before that.

    It is recorded before that all the same, as no later event says that it is open. `remove_gone` allows for it.
    """
    connection_id = event.request_context.connection_id
    user = User.of(event.request_context)
    portfolio_id = query_of(event).get("portfolioId")
    if portfolio_id is not None and portfolio_id not in user.portfolios:
        logger.warning("refused", reason="the portfolio is not the user's")
        return {"statusCode": 403, "body": "portfolioId must be one of the portfolios that the token names"}
    connections.add(connection_id, user)
    if portfolio_id is not None:
        connections.subscribe(connection_id, user, topics.of_portfolio(portfolio_id))
    logger.info("connected")
    # A client that has offered subprotocols may insist on one of them being selected.
    agreed = {"headers": {"Sec-WebSocket-Protocol": SUBPROTOCOL}} if SUBPROTOCOL in subprotocols_of(event) else {}
    return {"statusCode": 200, **agreed}
