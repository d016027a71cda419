"""The authorizer of $connect: lets in clients with a token of the issuer, and names the user to the other functions.

It refuses with a policy that denies (403). Raising `Unauthorized` (401) says the same with more ways to go wrong: API
Gateway tells it from other failures by its text alone. An issuer that cannot be asked is not the token's fault: any
other error makes API Gateway answer with 500, and clients try again.
"""

import traceback
from functools import cache
from typing import Any, Literal

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import event_source
from aws_lambda_powertools.utilities.data_classes.api_gateway_authorizer_event import APIGatewayAuthorizerRequestEvent
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.settings import AuthorizeSettings
from functions.websocket.log_keys import connection_keys
from tickfold.identity.claims import TokenRefusedError
from tickfold.identity.handshake import token_of
from tickfold.identity.keys import IssuerError, KeySet
from tickfold.identity.token_verifier import TokenVerifier

logger = Logger()

Answer = dict[str, Any]


@cache
def dependencies() -> TokenVerifier:
    """Return the verifier, which caches the issuer's keys."""
    settings = AuthorizeSettings.read()
    return TokenVerifier(
        KeySet(settings.issuer),
        issuer=settings.issuer,
        audience=settings.audience,
        portfolios_claim=settings.portfolios_claim,
    )


@logger.inject_lambda_context(clear_state=True)
@event_source(data_class=APIGatewayAuthorizerRequestEvent)
def handler(event: APIGatewayAuthorizerRequestEvent, _context: LambdaContext) -> Answer:
    """Return a policy. The event holds the token, so neither it nor the text of an unknown error is logged.

    Raises:
        IssuerError: the token cannot be verified now.
    """
    logger.append_keys(**connection_keys(event.raw_event))
    try:
        verified = dependencies().verify(token_of(event))
    except TokenRefusedError as refused:
        logger.warning("refused", reason=str(refused))
    except IssuerError as error:
        logger.error("not verified", reason=str(error))
        raise
    except Exception as error:
        frames = traceback.format_tb(error.__traceback__)
        logger.error("the token could not be verified", error=type(error).__name__, frames=frames)
    else:
        user, allowed = verified.user, _policy("Allow", event.method_arn)
        logger.append_keys(user_id=user.user_id)
        if verified.left_out:
            logger.warning("accepted in part", left_out=verified.left_out)
        else:
            logger.info("accepted")
        return allowed | {"principalId": user.user_id, "context": user.to_context()}
    return _policy("Deny", event.method_arn) | {"principalId": "nobody"}


def _policy(effect: Literal["Allow", "Deny"], method_arn: str) -> Answer:
    # Powertools' response class writes every ARN with the partition `aws`; this is the ARN as API Gateway gave it.
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": method_arn}
    return {"policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
