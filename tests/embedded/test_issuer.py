"""The embedded stack's OpenID Connect issuer and its token endpoint."""

import json
from base64 import b64encode
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
import pytest

from embedded import record
from embedded.issuer import AUDIENCE, LONGEST_SECONDS, Issuer
from embedded.stack import EmbeddedStack
from embedded.token_request import CLIENT_ID, TokenRequestError, request_token
from tickfold.identity.keys import KeySet
from tickfold.identity.token_verifier import TokenVerifier
from tickfold.identity.user import User


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    issuer.start()
    yield issuer
    issuer.stop()


def verify(issuer: Issuer, token: str) -> User:
    keys = KeySet(issuer.url)
    return TokenVerifier(keys, issuer=issuer.url, audience=AUDIENCE, portfolios_claim="portfolios").verify(token).user


def ask(issuer: Issuer, form: dict[str, Any], client: str | None = None) -> tuple[int, dict[str, Any]]:
    """Request a token as an OAuth 2.0 client; return the status and the reply."""
    credentials = b64encode((client or f"{CLIENT_ID}:{issuer.client_secret}").encode()).decode()
    connection = HTTPConnection(urlsplit(issuer.token_endpoint).netloc, timeout=5)
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/token", urlencode(form), headers)
    answer = connection.getresponse()
    assert answer.headers["Cache-Control"] == "no-store"
    found = answer.status, json.loads(answer.read())
    connection.close()
    return found


GOOD = {"grant_type": "client_credentials", "sub": "ada", "portfolios": "growth income", "expires_in": 60}


def test_client_with_the_secret_gets_a_token_for_the_named_user(issuer: Issuer) -> None:
    status, answer = ask(issuer, GOOD)
    assert (status, answer["token_type"], answer["expires_in"]) == (200, "Bearer", 60)
    identity = verify(issuer, answer["access_token"])
    assert (identity.user_id, identity.portfolios) == ("ada", ("growth", "income"))


def test_token_lasts_an_hour_unless_asked_otherwise(issuer: Issuer) -> None:
    claims = jwt.decode(issuer.token("ada"), options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 3_600


@pytest.mark.parametrize("client", [f"{CLIENT_ID}:wrong", f"{CLIENT_ID}:", "other:secret", "no colon"])
def test_client_without_the_secret_is_refused(issuer: Issuer, client: str) -> None:
    assert ask(issuer, GOOD, client) == (401, {"error": "invalid_client"})


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"sub": ""}, "invalid_request"),
        ({"expires_in": 0}, "invalid_request"),
        ({"expires_in": -5}, "invalid_request"),
        ({"expires_in": LONGEST_SECONDS + 1}, "invalid_request"),
        ({"expires_in": "soon"}, "invalid_request"),
    ],
)
def test_invalid_token_request_is_refused(issuer: Issuer, changes: dict[str, Any], error: str) -> None:
    status, answer = ask(issuer, GOOD | changes)
    assert (status, answer["error"]) == (400, error)


def test_newest_key_signs_and_older_keys_stay_published(issuer: Issuer) -> None:
    old = issuer.token("ada")
    issuer.rotate()
    assert verify(issuer, old).user_id == verify(issuer, issuer.token("ada")).user_id == "ada"
    assert len(issuer.jwks()["keys"]) == 2


def test_jwks_has_no_private_keys(issuer: Issuer) -> None:
    assert all("d" not in key for key in issuer.jwks()["keys"])


def test_stopped_issuer_issues_no_tokens(issuer: Issuer, stack: EmbeddedStack) -> None:
    running = record.read()
    assert running
    ended = record.Record(**vars(running) | {"token_endpoint": issuer.token_endpoint})
    issuer.stop()
    with pytest.raises(TokenRequestError, match=r"gave no token: .*refused"):
        request_token(ended, "ada")


def test_record_is_private_and_its_secret_opens_the_token_endpoint(stack: EmbeddedStack) -> None:
    running = record.read()
    assert running
    assert Path(record.path()).stat().st_mode & 0o777 == 0o600
    assert verify(stack.issuer, request_token(running, "ada", ["growth"], 60)).portfolios == ("growth",)
    wrong = record.Record(**vars(running) | {"client_secret": "wrong"})
    with pytest.raises(TokenRequestError, match="401"):
        request_token(wrong, "ada")


def test_rotating_back_signs_with_the_earlier_key(issuer: Issuer) -> None:
    old = issuer.token("ada")
    issuer.rotate()
    newest = issuer.token("ada")
    issuer.rotate_back()
    signed_by = [jwt.get_unverified_header(token)["kid"] for token in (old, newest, issuer.token("ada"))]
    assert signed_by[0] == signed_by[2] != signed_by[1]
    assert verify(issuer, issuer.token("ada")).user_id == "ada"
