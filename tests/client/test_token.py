"""Until when a token is good, as it says itself."""

import asyncio
from base64 import urlsafe_b64encode

import pytest

from tickfold.client.token import Token, current, expiry


def of_claims(claims: bytes) -> str:
    return f"e30.{urlsafe_b64encode(claims).decode().rstrip('=')}.signature"


@pytest.mark.parametrize(
    ("claims", "expires_at"),
    [
        (b'{"exp": 1}', 1),
        (b'{"exp": 12.5}', 12.5),
        (b"{}", None),
        (b'{"exp": "soon"}', None),
        (b"[]", None),
        (b"{", None),
    ],
)
def test_expiry_is_exp_claim(claims: bytes, expires_at: float | None) -> None:
    assert expiry(of_claims(claims)) == expires_at


@pytest.mark.parametrize("token", [None, "", "opaque", "a.b.c", "a.\xff.c"])
def test_token_without_exp_claim_has_no_expiry(token: str | None) -> None:
    assert expiry(token) is None


async def _later() -> str:
    return "t"


@pytest.mark.parametrize(
    ("token", "held"),
    [(None, None), ("", None), (" t\n", "t"), (lambda: "t", "t"), (lambda: None, None), (_later, "t")],
)
def test_token_may_be_text_or_function(token: Token, held: str | None) -> None:
    assert asyncio.run(current(token)) == held
