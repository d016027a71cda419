"""Verification of JSON Web Tokens: signed by the OpenID Connect issuer, for this audience, and not expired."""

from collections.abc import Mapping
from typing import Any

import jwt

from tickfold.identity.claims import Login, TokenRefusedError, Verified, check_type
from tickfold.identity.keys import Key, KeySet

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Asymmetric only: HS256 would accept the issuer's public key as a shared secret."""
LEEWAY_SECONDS = 10
"""How long before it is valid a token is accepted, since the issuer's clock may be ahead. None after its end: whatever
the connection then asked for would be refused."""
LONGEST_TOKEN = 8_192
"""Characters. API Gateway limits headers and query string to 10,240 bytes."""


class _KeyMismatchError(TokenRefusedError):
    """The token's algorithm is not its key's."""


class TokenVerifier:
    """Verifies tokens of one issuer for one audience; `portfolios_claim` is as that of `Login`."""

    def __init__(self, keys: KeySet, *, issuer: str, audience: str, portfolios_claim: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._login = Login(audience, portfolios_claim)

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
        return self._login.user_of(claims)

    def _claims(self, token: str) -> dict[str, Any]:
        if token.count(".") != 2:
            raise TokenRefusedError("the token is no signed JSON Web Token: it may be opaque, or encrypted")
        header = jwt.get_unverified_header(token)
        check_type(header)
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
