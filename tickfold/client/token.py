"""The token that a connection is opened with: where it comes from, and until when it is good."""

import binascii
import inspect
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable

from tickfold.client.errors import UnauthorizedError

Token = str | Callable[[], str | Awaitable[str | None] | None] | None
"""A token; or what returns one, now or when awaited, and is asked anew for each connection; or none."""

_ALLOWED = re.compile(r"[A-Za-z0-9._~+-]+")
"""Of what a header of subprotocols may hold, what tokens are made of."""


async def current(token: Token) -> str | None:
    """Return the token to open a connection with.

    Raises:
        UnauthorizedError: it cannot be a token, and must not get into a header.
    """
    found = token() if callable(token) else token
    if inspect.isawaitable(found):
        found = await found
    if not found or not found.strip():
        return None
    if not _ALLOWED.fullmatch(found.strip()):
        raise UnauthorizedError("the token has characters that no token has")
    return found.strip()


def expiry(token: str | None) -> float | None:
    """Return when `token` expires, in seconds since 1970 UTC, as it says itself; None if it does not say.

    Nothing is verified: that is for the server.
    """
    try:
        payload = (token or "").split(".")[1]
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return None
    found = claims.get("exp") if isinstance(claims, dict) else None
    return float(found) if isinstance(found, int | float) else None
