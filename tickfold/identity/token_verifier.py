"""Verification of JSON Web Tokens: signed by the OpenID Connect issuer, for this audience, and not expired."""

import re
from collections.abc import Mapping
from typing import Any

import jwt

from tickfold.errors import TickfoldError
from tickfold.identity.keys import KeySet
from tickfold.identity.user import MOST_PORTFOLIOS, PORTFOLIO_ID, User

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Asymmetric only: HS256 would accept the issuer's public key as a shared secret."""
LEEWAY_SECONDS = 10
"""Tolerated difference between the clocks of the issuer and of AWS."""
LONGEST_TOKEN = 8_192
"""Characters. API Gateway limits headers and query string to 10,240 bytes."""

_USER_ID = re.compile(r"[ -~]{1,255}")
"""What OpenID Connect allows as `sub`."""


class TokenRefusedError(TickfoldError):
    """A token is invalid. The message, for the log, gives the reason and contains no part of the token."""

    retryable = False


class TokenVerifier:
    """Verifies tokens of one issuer for one audience.

    `portfolios_claim` names the claim with the ids of the user's portfolios: a list, or a string with spaces between.
    """

    def __init__(self, keys: KeySet, *, issuer: str, audience: str, portfolios_claim: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._portfolios_claim = portfolios_claim

    def verify(self, token: str | None) -> User:
        """Return the user that `token` identifies.

        Raises:
            TokenRefusedError: it is missing, too long, malformed, expired, not valid yet, not signed by the issuer, or
                not for this audience.
            IssuerError: the issuer's keys are not cached and cannot be fetched.
        """
        if not token:
            raise TokenRefusedError("there is no token")
        if len(token) > LONGEST_TOKEN:
            raise TokenRefusedError(f"the token has {len(token):,} characters; {LONGEST_TOKEN:,} are allowed")
        try:
            claims = self._claims(token)
        except jwt.PyJWTError as error:
            raise TokenRefusedError(_reason(error)) from None
        if not _is_for(self._audience, claims):
            raise TokenRefusedError("the token is for another audience")
        if not _USER_ID.fullmatch(claims["sub"]):
            raise TokenRefusedError("the token's sub is not 1 to 255 printable ASCII characters")
        portfolios = _portfolios(claims.get(self._portfolios_claim))
        return User(claims["sub"], portfolios, int(claims["exp"]))

    def _claims(self, token: str) -> dict[str, Any]:
        algorithm, key = self._key(jwt.get_unverified_header(token))
        return jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=self._issuer,
            leeway=LEEWAY_SECONDS,
            options={
                "require": ["exp", "iss", "sub"],
                "verify_aud": False,  # Cognito's access tokens have none
                "enforce_minimum_key_length": True,
            },
        )

    def _key(self, header: Mapping[str, Any]) -> tuple[str, jwt.PyJWK]:
        """Return the algorithm and the issuer's key that a token's header names."""
        algorithm, key_id = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS:
            raise TokenRefusedError(f"the token is not signed by one of {', '.join(ALGORITHMS)}")
        if not isinstance(key_id, str):
            raise TokenRefusedError("the token's header has no kid")
        key = self._keys.find(key_id)
        if key is None:
            raise TokenRefusedError("the token is signed by a key that the issuer does not have")
        if key.get("alg", algorithm) != algorithm:
            raise TokenRefusedError("the token's algorithm does not match its key")
        return algorithm, jwt.PyJWK(key, algorithm)


def _is_for(audience: str, claims: Mapping[str, Any]) -> bool:
    """Return whether the token is for `audience`; Cognito's access tokens have a `client_id` instead of an `aud`."""
    stated = claims.get("aud", claims.get("client_id"))
    return audience in stated if isinstance(stated, list) else audience == stated


def _portfolios(claim: object) -> tuple[str, ...]:
    named = claim.split() if isinstance(claim, str) else [] if claim is None else claim
    if not isinstance(named, list) or len(named) > MOST_PORTFOLIOS:
        raise TokenRefusedError(f"the token's portfolios are not a list or a string of {MOST_PORTFOLIOS} ids at most")
    if not all(isinstance(name, str) and PORTFOLIO_ID.fullmatch(name) for name in named):
        raise TokenRefusedError("a portfolio of the token is not 1 to 64 letters, digits, - or _")
    return tuple(dict.fromkeys(named))


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
