"""$disconnect: forgets a connection. It is best effort, so the table's rows expire as well."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    wiring.connections().remove(event["requestContext"]["connectionId"])
    logger.info("disconnected")
    return {"statusCode": 200}
