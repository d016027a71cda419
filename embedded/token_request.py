"""Requests tokens from the embedded stack's issuer, with the client secret from the stack's record."""

import json
from base64 import b64encode
from collections.abc import Sequence
from http.client import HTTPException
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from embedded.record import Record

CLIENT_ID = "tickfold"
SECONDS = 3_600
_TIMEOUT_SECONDS = 5.0


class TokenRequestError(Exception):
    """The issuer issued no token. The message gives the reason."""


def request_token(running: Record, user: str, portfolios: Sequence[str] = (), seconds: int = SECONDS) -> str:
    """Return a token for `user` of the stack `running`, valid for `seconds`.

    Raises:
        TokenRequestError: the issuer does not respond, or refuses.
    """
    form = {"grant_type": "client_credentials", "sub": user, "portfolios": " ".join(portfolios), "expires_in": seconds}
    client = b64encode(f"{CLIENT_ID}:{running.client_secret}".encode()).decode()
    request = Request(  # noqa: S310 - the URL is from the record
        running.token_endpoint, urlencode(form).encode(), {"Authorization": f"Basic {client}"}
    )
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=_TIMEOUT_SECONDS) as answer:
            return str(json.load(answer)["access_token"])
    except (OSError, HTTPException, ValueError, KeyError) as error:
        raise TokenRequestError(f"{running.token_endpoint} gave no token: {error}") from None
