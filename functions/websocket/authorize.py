"""The authorizer of $connect: lets in whoever brings a token of the issuer, and tells the functions who that is.

Its refusal is a policy that denies (403). To raise `Unauthorized` (401) would say the same with more ways to go wrong:
any other failure is told from it by its text alone.
"""

import traceback
from functools import cache
from typing import Any, Literal

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import settings
from tickfold.identity.handshake import token_of
from tickfold.identity.keys import IssuerError, KeySet
from tickfold.identity.token_verifier import TokenRefusedError, TokenVerifier

logger = Logger()

Answer = dict[str, Any]


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> Answer:
    """Answer with a policy. The token is in the event, so neither the event nor a foreign error's text is logged."""
    method = event["methodArn"]
    try:
        identity = _verifier().verify(token_of(event))
    except TokenRefusedError as refused:
        logger.warning("refused", reason=str(refused))
    except IssuerError as error:
        logger.error("refused", reason=str(error))
    except Exception as error:
        frames = traceback.format_tb(error.__traceback__)
        logger.error("the token could not be judged", error=type(error).__name__, frames=frames)
    else:
        return _policy("Allow", method) | {"principalId": identity.user_id, "context": identity.to_context()}
    return _policy("Deny", method) | {"principalId": "nobody"}


@cache
def _verifier() -> TokenVerifier:
    """Made once for each execution environment, so that the issuer's keys are fetched once too."""
    issuer = settings.require(settings.ISSUER)
    return TokenVerifier(
        KeySet(issuer),
        issuer=issuer,
        audience=settings.require(settings.AUDIENCE),
        portfolios_claim=settings.require(settings.PORTFOLIOS_CLAIM),
    )


def _policy(effect: Literal["Allow", "Deny"], method: str) -> Answer:
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": method}
    return {"policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
