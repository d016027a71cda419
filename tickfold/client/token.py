"""The token that a connection is opened with, and when it expires."""

import binascii
import inspect
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable

from tickfold.client.errors import UnauthorizedError

Token = str | Callable[[], str | Awaitable[str | None] | None] | None
"""A token; or a function, perhaps asynchronous, that returns one for each connection; or none."""

_ALLOWED = re.compile(r"[A-Za-z0-9._~+-]+")
"""The characters of tokens, all of which a subprotocol header may hold."""


async def current(token: Token) -> str | None:
    """Return the token to open a connection with.

    Raises:
        UnauthorizedError: it has characters that must not get into a header.
    """
    found = token() if callable(token) else token
    if inspect.isawaitable(found):
        found = await found
    if not found or not found.strip():
        return None
    if not _ALLOWED.fullmatch(found.strip()):
        raise UnauthorizedError("the token has invalid characters")
    return found.strip()


def expiry(token: str | None) -> float | None:
    """Return the `exp` claim of `token`, in seconds since 1970 UTC; None if it has none.

    The signature is not verified: that is for the server.
    """
    try:
        payload = (token or "").split(".")[1]
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return None
    found = claims.get("exp") if isinstance(claims, dict) else None
    return float(found) if isinstance(found, int | float) else None
