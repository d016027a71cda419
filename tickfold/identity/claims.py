"""The claims of a token that its issuer has signed: whether a user may log in with it, and which user.

Both doors check them here, whoever has verified the signature. Imports no cryptography.
"""

import json
import re
import time
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tickfold.errors import TickfoldError
from tickfold.identity.user import MOST_PORTFOLIOS, PORTFOLIO_ID, User

TYPES = (None, "jwt", "at+jwt")
"""The types, in a token's header, of what is meant as a login (RFC 9068); others have a purpose of their own."""

_USER_ID = re.compile(r"[ -~]{1,255}")
"""What OpenID Connect allows as `sub`."""


class TokenRefusedError(TickfoldError):
    """A token is invalid. The message, for the log, gives the reason and contains no part of the token."""

    retryable = False


@dataclass(frozen=True)
class Verified:
    """The user of a token, and what of it was left out, for the log; empty if nothing was."""

    user: User
    left_out: str = ""


@dataclass(frozen=True)
class Login:
    """What makes a signed token a user's login: it is for `audience`.

    `portfolios_claim` names the claim with the ids of the user's portfolios: a list, or a string with spaces between.
    """

    audience: str
    portfolios_claim: str

    def user_of(self, claims: Mapping[str, Any]) -> Verified:
        """Return the user whom `claims` identify. Groups that are no portfolio ids are left out.

        Raises:
            TokenRefusedError: they are expired, not for this audience, or not a user's login.
        """
        _check_audience(self.audience, claims)
        _check_login(claims)
        if int(claims["exp"]) <= time.time():
            raise TokenRefusedError("the token has expired")
        if not _USER_ID.fullmatch(claims["sub"]):
            raise TokenRefusedError("the token's sub is not 1 to 255 printable ASCII characters")
        portfolios, left_out = _portfolios(_claim(self.portfolios_claim, claims))
        return Verified(User(claims["sub"], portfolios, int(claims["exp"])), left_out)


def check_type(header: Mapping[str, Any]) -> None:
    """Check that a token with this header is meant as a login.

    Raises:
        TokenRefusedError: it is of another type.
    """
    kind = header.get("typ")
    if (kind.lower().removeprefix("application/") if isinstance(kind, str) else kind) not in TYPES:
        raise TokenRefusedError("the token's typ is neither JWT nor at+jwt: it is not meant as a login")


def read_verified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a token whose signature, issuer and times somebody else has verified.

    Raises:
        TokenRefusedError: it is malformed, or lacks a claim that every login has.
    """
    try:
        header, claims = (json.loads(_decoded(part)) for part in token.split(".")[:2])
        if isinstance(header, dict) and isinstance(claims, dict):
            int(claims["exp"])
            if isinstance(claims["sub"], str):
                return header, claims
    except (KeyError, TypeError, ValueError):
        pass
    raise TokenRefusedError("the token is malformed, or lacks sub or exp")


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _check_audience(audience: str, claims: Mapping[str, Any]) -> None:
    """Check that the token is for `audience`; Cognito's access tokens have a `client_id` instead of an `aud`."""
    stated = claims.get("aud") or claims.get("client_id")
    if not stated:
        raise TokenRefusedError("the token names no audience: it has neither aud nor client_id")
    if audience not in (stated if isinstance(stated, list) else [stated]):
        raise TokenRefusedError("the token is for another audience")


def _check_login(claims: Mapping[str, Any]) -> None:
    """Check that a user may log in with the token: that it is not one of the others that issuers sign."""
    if "events" in claims:  # RFC 8417; a logout token is one
        raise TokenRefusedError("the token tells of an event, such as a logout: it is not meant as a login")
    if "cnf" in claims:  # RFC 7800; who merely has it may not use it
        raise TokenRefusedError("the token is bound to a key or a certificate, whose possession Tickfold cannot check")
    if claims["sub"] in _names_of_client(claims):
        raise TokenRefusedError("the token is a client's own, not a user's: its sub is the client")


def _names_of_client(claims: Mapping[str, Any]) -> set[object]:
    """Return how a client's own token may name its subject; a user could have the same name."""
    names = [name for name in (claims.get("client_id"), claims.get("azp")) if isinstance(name, str)]
    return {*names, *(f"{name}@clients" for name in names)}  # Auth0's spelling


def _claim(name: str, claims: Mapping[str, Any]) -> object:
    """Return the claim `name`, which Hydra may put under `ext`."""
    extra = claims.get("ext")
    return claims.get(name, extra.get(name) if isinstance(extra, dict) else None)


def _portfolios(claim: object) -> tuple[tuple[str, ...], str]:
    """Return the ids of portfolios in a claim, and what else it has, in words."""
    named = claim.split() if isinstance(claim, str) else [] if claim is None else claim
    if not isinstance(named, list):
        return (), "the claim of portfolios: expected a list, or a string with spaces between ids"
    valid = [name for name in named if isinstance(name, str) and PORTFOLIO_ID.fullmatch(name)]
    ids, found = dict.fromkeys(valid), []
    if strange := len(named) - len(valid):
        found.append(f"{strange} of {len(named)} groups, which are no portfolio ids: 1 to 64 letters, digits, - or _")
    if (more := len(ids) - MOST_PORTFOLIOS) > 0:
        found.append(f"{more} portfolios beyond the first {MOST_PORTFOLIOS}")
    return tuple(ids)[:MOST_PORTFOLIOS], "; ".join(found)
