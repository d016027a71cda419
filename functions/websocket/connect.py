"""$connect: remembers a connection that is being opened, for the user whom the authorizer has let in.

With `?portfolioId=ID` it is subscribed to that portfolio of the user's at once.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from tickfold.identity.handshake import SUBPROTOCOL, query_of, subprotocols_of
from tickfold.identity.user import User
from tickfold.realtime import topics

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Answer 200, and only then is there a connection; nothing can be sent to it from here."""
    request = event["requestContext"]
    identity = User.of(request)
    portfolio_id = query_of(event).get("portfolioId")
    if portfolio_id is not None and portfolio_id not in identity.portfolios:
        logger.warning("refused", reason="the portfolio is not the user's")
        return {"statusCode": 403, "body": "portfolioId must be one of the portfolios that the token names"}
    wiring.connections().add(request["connectionId"], identity)
    if portfolio_id is not None:
        wiring.connections().subscribe(request["connectionId"], identity, topics.of_portfolio(portfolio_id))
    logger.info("connected")
    # A client that has offered subprotocols may insist on one of them being taken.
    agreed = {"headers": {"Sec-WebSocket-Protocol": SUBPROTOCOL}} if SUBPROTOCOL in subprotocols_of(event) else {}
    return {"statusCode": 200, **agreed}
