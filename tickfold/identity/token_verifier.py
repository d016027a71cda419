"""Verification of JSON Web Tokens: signed by the OpenID Connect issuer, for this audience, and not expired."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from tickfold.errors import TickfoldError
from tickfold.identity.keys import Key, KeySet
from tickfold.identity.user import MOST_PORTFOLIOS, PORTFOLIO_ID, User

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Asymmetric only: HS256 would accept the issuer's public key as a shared secret."""
LEEWAY_SECONDS = 10
"""How long before it is valid a token is accepted, since the issuer's clock may be ahead. None after its end: whatever
the connection then asked for would be refused."""
TYPES = (None, "jwt", "at+jwt")
"""The types, in a token's header, of what is meant as a login (RFC 9068); others have a purpose of their own."""
LONGEST_TOKEN = 8_192
"""Characters. API Gateway limits headers and query string to 10,240 bytes."""

_USER_ID = re.compile(r"[ -~]{1,255}")
"""What OpenID Connect allows as `sub`."""


class TokenRefusedError(TickfoldError):
    """A token is invalid. The message, for the log, gives the reason and contains no part of the token."""

    retryable = False


class _KeyMismatchError(TokenRefusedError):
    """The token's algorithm is not its key's."""


@dataclass(frozen=True)
class Verified:
    """The user of a token, and what of it was left out, for the log; empty if nothing was."""

    user: User
    left_out: str = ""


class TokenVerifier:
    """Verifies tokens of one issuer for one audience.

    `portfolios_claim` names the claim with the ids of the user's portfolios: a list, or a string with spaces between.
    """

    def __init__(self, keys: KeySet, *, issuer: str, audience: str, portfolios_claim: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._portfolios_claim = portfolios_claim

    def verify(self, token: str | None) -> Verified:
        """Return the user that `token` identifies. Groups that are no portfolio ids are left out.

        Raises:
            TokenRefusedError: it is missing, too long, malformed, expired, not valid yet, not signed by the issuer, not
                for this audience, or not a user's login.
            IssuerError: the key that it names is not cached, and the issuer cannot be asked for it now.
        """
        if not token:
            raise TokenRefusedError("there is no token")
        if len(token) > LONGEST_TOKEN:
            raise TokenRefusedError(f"the token has {len(token):,} characters; {LONGEST_TOKEN:,} are allowed")
        try:
            claims = self._claims(token)
        except jwt.PyJWTError as error:
            raise TokenRefusedError(_reason(error)) from None
        _check_audience(self._audience, claims)
        _check_login(claims)
        if int(claims["exp"]) <= time.time():
            raise TokenRefusedError("the token has expired")
        if not _USER_ID.fullmatch(claims["sub"]):
            raise TokenRefusedError("the token's sub is not 1 to 255 printable ASCII characters")
        portfolios, left_out = _portfolios(_claim(self._portfolios_claim, claims))
        return Verified(User(claims["sub"], portfolios, int(claims["exp"])), left_out)

    def _claims(self, token: str) -> dict[str, Any]:
        if token.count(".") != 2:
            raise TokenRefusedError("the token is no signed JSON Web Token: it may be opaque, or encrypted")
        header = jwt.get_unverified_header(token)
        _check_type(header)
        if jwt.decode(token, options={"verify_signature": False}).get("iss", self._issuer) != self._issuer:
            raise jwt.InvalidIssuerError  # not to ask the issuer for a key of another one
        algorithm, key_id, key = self._key(header)
        try:
            return self._decode(token, algorithm, key)
        except (_KeyMismatchError, jwt.InvalidKeyError, jwt.InvalidSignatureError):
            # The issuer may have another key under the same id by now.
            if (other := self._keys.find_other(key_id, key)) is None:
                raise
            return self._decode(token, algorithm, other)

    def _decode(self, token: str, algorithm: str, key: Key) -> dict[str, Any]:
        if key.get("alg", algorithm) != algorithm:
            raise _KeyMismatchError("the token's algorithm does not match its key")
        return jwt.decode(
            token,
            jwt.PyJWK(key, algorithm),
            algorithms=[algorithm],
            issuer=self._issuer,
            leeway=LEEWAY_SECONDS,
            options={
                "require": ["exp", "iss", "sub"],
                "verify_aud": False,  # Cognito's access tokens have none
                "enforce_minimum_key_length": True,
            },
        )

    def _key(self, header: Mapping[str, Any]) -> tuple[str, str, Key]:
        """Return the algorithm that a token's header names, and the id and the issuer's key."""
        algorithm, key_id = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS:
            raise TokenRefusedError(f"the token is not signed by one of {', '.join(ALGORITHMS)}")
        if not isinstance(key_id, str):
            raise TokenRefusedError("the token's header has no kid")
        key = self._keys.find(key_id)
        if key is None:
            raise TokenRefusedError("the token is signed by a key that the issuer does not have")
        return algorithm, key_id, key


def _check_type(header: Mapping[str, Any]) -> None:
    kind = header.get("typ")
    if (kind.lower().removeprefix("application/") if isinstance(kind, str) else kind) not in TYPES:
        raise TokenRefusedError("the token's typ is neither JWT nor at+jwt: it is not meant as a login")


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
        raise TokenRefusedError("the token is bound to a key or a certificate, which a WebSocket cannot prove to have")
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


def _reason(error: jwt.PyJWTError) -> str:
    """Return the reason in our own words: the library's could contain a part of the token."""
    match error:
        case jwt.ExpiredSignatureError():
            return "the token has expired"
        case jwt.ImmatureSignatureError():
            return "the token is not valid yet"
        case jwt.InvalidIssuerError():
            return "the token is from another issuer"
        case jwt.InvalidSignatureError():
            return "the token's signature does not match its key"
        case jwt.MissingRequiredClaimError(claim=claim):
            return f"the token has no {claim}"
        case _:
            return f"the token is malformed ({type(error).__name__})"
