"""$connect: remembers a connection that is being opened."""

import re
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import granted
from tickfold.connections import ANONYMOUS

logger = Logger()

_PORTFOLIO = re.compile(r"[A-Za-z0-9_-]{1,64}")


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Answer 200, and only then is there a connection; nothing can be sent to it from here."""
    request = event["requestContext"]
    portfolio_id = (event.get("queryStringParameters") or {}).get("portfolioId")
    if portfolio_id is not None and not _PORTFOLIO.fullmatch(portfolio_id):
        return {"statusCode": 400, "body": "portfolioId must be 1 to 64 letters, digits, - or _"}
    user_id = (request.get("authorizer") or {}).get("principalId") or ANONYMOUS
    granted.connections().add(request["connectionId"], user_id, portfolio_id)
    logger.info("connected")
    return {"statusCode": 200}
