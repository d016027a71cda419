"""Tokens of a real Keycloak: which come in, which do not and why, rotation, and outage."""

import asyncio
import json
import threading
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from components.configuration import ConfigurationError
from embedded.stack import EmbeddedStack
from tests.components.capture import configuration_of
from tests.components.test_configuration import load
from tests.e2e.test_authentication import status_of
from tests.e2e.websocket_client import SMA, run, start
from tests.issuers.conftest import verifier_for
from tests.issuers.realm import Realm
from tickfold.client import Client, Patience
from tickfold.identity.claims import TokenRefusedError
from tickfold.identity.handshake import subprotocols_with
from tickfold.identity.keys import PAUSE_SECONDS, IssuerError, fetch_keys
from tickfold.identity.token_verifier import TokenVerifier
from tickfold.protocol import BacktestConfig

PATIENCE = 120
"""Seconds for Keycloak to start again beside a busy machine."""


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


# Which tokens come in


def test_access_token_names_the_user_and_the_portfolios(realm: Realm, verifier: TokenVerifier) -> None:
    token = realm.access_token("console")
    verified = verifier.verify(token)
    assert verified.user.user_id == claims_of(token)["sub"]
    assert sorted(verified.user.portfolios) == ["admins", "growth"]
    assert verified.left_out == ""


@pytest.mark.parametrize("algorithm", ["RS384", "PS256", "ES256", "ES512", "EdDSA"])
def test_asymmetric_algorithm_is_accepted(realm: Realm, verifier: TokenVerifier, algorithm: str) -> None:
    token = realm.access_token(f"signs-{algorithm.lower()}")
    assert jwt.get_unverified_header(token)["alg"] == algorithm
    assert verifier.verify(token).user.user_id == claims_of(token)["sub"]


def test_groups_with_their_full_path_cost_themselves_and_not_the_user(realm: Realm, verifier: TokenVerifier) -> None:
    verified = verifier.verify(realm.access_token("full-path"))
    assert verified.user.portfolios == ()
    assert verified.left_out.startswith("2 of 2 groups, which are no portfolio ids")


def test_service_account_is_a_user_of_its_own(realm: Realm, verifier: TokenVerifier) -> None:
    token = realm.token_of_service_account("trader", "secret-of-trader")
    user = verifier.verify(token).user.user_id
    assert user == claims_of(token)["sub"]
    assert user not in ("trader", claims_of(realm.access_token("console"))["sub"])


def test_id_token_is_accepted_where_the_client_is_the_audience(realm: Realm) -> None:
    token = realm.tokens("console")["id_token"]
    assert verifier_for(realm, "console").verify(token).user.user_id == claims_of(token)["sub"]


# Which do not


def test_audience_of_all_clients_is_refused_as_a_setting(realm: Realm) -> None:
    assert claims_of(realm.access_token("other"))["aud"] == "account"
    with pytest.raises(ConfigurationError, match="tickfold:audience is 'account'"):
        load(configuration_of("dev", issuer=realm.issuer, audience="account"))


@pytest.mark.parametrize(
    ("client", "kind", "reason"),
    [
        ("other", "access_token", "the token is for another audience"),
        ("console", "id_token", "the token is for another audience"),
        ("console", "refresh_token", "not signed by one of"),
        ("lightweight", "access_token", "the token has no sub"),
    ],
)
def test_token_that_is_no_login_for_tickfold_is_refused(
    realm: Realm, verifier: TokenVerifier, client: str, kind: str, reason: str
) -> None:
    with pytest.raises(TokenRefusedError, match=reason):
        verifier.verify(realm.tokens(client)[kind])


def test_token_is_refused_from_its_end_on(realm: Realm, verifier: TokenVerifier) -> None:
    token = realm.access_token("short-lived")
    verifier.verify(token)
    time.sleep(max(0, claims_of(token)["exp"] - time.time()))
    with pytest.raises(TokenRefusedError, match="expired"):
        verifier.verify(token)


def test_logout_token_is_refused_though_its_audience_is_right(realm: Realm) -> None:
    with logouts() as (url, received):
        realm.notify_of_logouts("notified", url)
        session = realm.tokens("notified")
        realm.log_out("notified", session["refresh_token"])
    (token,) = received
    assert claims_of(token)["aud"] == "notified"
    with pytest.raises(TokenRefusedError, match="not meant as a login"):
        verifier_for(realm, "notified").verify(token)


@contextmanager
def logouts() -> Iterator[tuple[str, list[str]]]:
    """Listen for Keycloak's notices of logouts; yield where, and the tokens that came."""
    received: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            received.extend(form["logout_token"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/logout", received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


FORGERIES = ["unsigned", "signed with the public key", "with a key of its own", "with another's key", "changed"]


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_token_is_refused(realm: Realm, verifier: TokenVerifier, forgery: str) -> None:
    good = realm.access_token("console")
    verifier.verify(good)
    with pytest.raises(TokenRefusedError):
        verifier.verify(forged(realm, good, forgery))


def forged(realm: Realm, good: str, forgery: str) -> str:
    header, claims = jwt.get_unverified_header(good), claims_of(good) | {"sub": "root"}
    own = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    match forgery:
        case "unsigned":
            return jwt.encode(claims, "", "none", {"kid": header["kid"]})
        case "signed with the public key":
            public = jwt.PyJWK(fetch_keys(realm.issuer)[header["kid"]]).key
            pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            return by_hmac(header | {"alg": "HS256"}, claims, pem)
        case "with a key of its own":
            jwk = jwt.algorithms.RSAAlgorithm.to_jwk(own.public_key(), as_dict=True)
            return jwt.encode(claims, own, "RS256", {"kid": header["kid"], "jwk": jwk})
        case "with another's key":
            return jwt.encode(claims, own, "RS256", {"kid": header["kid"]})
        case _:
            first, _, signature = good.split(".")
            return f"{first}.{encoded(claims)}.{signature}"


def by_hmac(header: dict[str, Any], claims: dict[str, Any], key: bytes) -> str:
    """Return a token that a careless verifier takes for the issuer's; PyJWT refuses to make it."""
    signed = f"{encoded(header)}.{encoded(claims)}"
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(signed.encode(), key)
    return f"{signed}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def encoded(document: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def test_forgery_by_hmac_has_a_signature_that_fits(realm: Realm) -> None:
    signed, _, signature = by_hmac({"alg": "HS256"}, {"sub": "root"}, b"public").rpartition(".")
    hmac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    assert hmac.verify(signed.encode(), b"public", urlsafe_b64decode(signature + "="))


# Rotation


def test_new_key_is_seen_and_the_old_one_stays(realm: Realm, verifier: TokenVerifier) -> None:
    old = realm.access_token("console")
    verifier.verify(old)
    realm.sign_with_new_key()
    new = realm.access_token("console")
    assert jwt.get_unverified_header(new)["kid"] != jwt.get_unverified_header(old)["kid"]
    with pytest.raises(IssuerError, match="asked"):  # a moment ago: no fault of the token's
        verifier.verify(new)
    time.sleep(PAUSE_SECONDS)  # the pause that protects the issuer is the real clock's
    assert verifier.verify(new).user.user_id == verifier.verify(old).user.user_id == claims_of(old)["sub"]


# On the stack


def test_token_opens_a_connection_and_runs_a_backtest(trusting: EmbeddedStack, realm: Realm) -> None:
    place, token = trusting.outputs["websocket_url"], realm.access_token("console")
    assert status_of(place, subprotocols_with(token)) == 101
    result = run(f"{place}?token={token}&portfolioId=growth", start(**SMA))[-1]
    assert result["type"] == "result"
    assert status_of(f"{place}?token={token}&portfolioId=income") == 403


@pytest.mark.parametrize(("client", "kind"), [("other", "access_token"), ("console", "refresh_token")])
def test_handshake_with_a_token_for_another_purpose_is_403(
    trusting: EmbeddedStack, realm: Realm, client: str, kind: str
) -> None:
    assert status_of(f"{trusting.outputs['websocket_url']}?token={realm.tokens(client)[kind]}") == 403


def test_client_waits_for_an_issuer_that_is_down(trusting: EmbeddedStack, realm: Realm) -> None:
    place, token = trusting.outputs["websocket_url"], realm.access_token("console")
    realm.keycloak.stop()
    back = threading.Thread(target=realm.keycloak.start)
    try:
        assert status_of(f"{place}?token={token}") == 500
        back.start()
        assert asyncio.run(backtest(place, token))["type"] == "result"
    finally:
        if back.ident is None:
            back.start()
        back.join()


async def backtest(place: str, token: str) -> dict[str, Any]:
    config = BacktestConfig.model_validate(start(**SMA)["config"])
    async with Client(place, token, Patience(opening=PATIENCE)) as client:
        handle = await client.start_backtest(config)
        return (await handle.result()).model_dump()
