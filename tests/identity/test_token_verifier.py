"""Verification of tokens, with real keys and an issuer over HTTP."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.identity.oidc_provider import EC, ED, RSA, PrivateKey, Provider, jwk, provider
from tickfold.identity.claims import TokenRefusedError, Verified
from tickfold.identity.keys import PAUSE_SECONDS, IssuerError, KeySet
from tickfold.identity.token_verifier import LONGEST_TOKEN, TokenVerifier
from tickfold.identity.user import User


@pytest.fixture
def issuer() -> Iterator[Provider]:
    with provider() as serving:
        yield serving


def verifier(issuer: Provider, claim: str = "portfolios", keys: KeySet | None = None) -> TokenVerifier:
    keys = keys or KeySet(issuer.url)
    return TokenVerifier(keys, issuer=issuer.url, audience="tickfold", portfolios_claim=claim)


def verify(issuer: Provider, token: str | None, claim: str = "portfolios") -> User:
    return verifier(issuer, claim).verify(token).user


def refusal(issuer: Provider, token: str | None) -> str:
    """Return the reason of a refusal, which must contain no part of `token`."""
    with pytest.raises(TokenRefusedError) as refused:
        verify(issuer, token)
    assert not refused.value.__cause__
    assert not any(len(part) > 3 and part in str(refused.value) for part in (token or "").split("."))
    return str(refused.value)


def test_valid_token_identifies_its_user(issuer: Provider) -> None:
    expires_at = int(time.time()) + 100
    token = issuer.token(exp=expires_at, portfolios=["growth", "income"])
    assert verify(issuer, token) == User("auth0|ada", ("growth", "income"), expires_at)


P384 = ec.generate_private_key(ec.SECP384R1())
P521 = ec.generate_private_key(ec.SECP521R1())
SIGNED: list[tuple[str, PrivateKey]] = [
    *((algorithm, RSA) for algorithm in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
    ("ES256", EC),
    ("ES384", P384),
    ("ES512", P521),
    ("EdDSA", ED),
]


@pytest.mark.parametrize(("algorithm", "key"), SIGNED, ids=[algorithm for algorithm, _ in SIGNED])
@pytest.mark.parametrize("named", [True, False], ids=["named by the key", "not named"])
def test_every_asymmetric_algorithm_is_accepted(issuer: Provider, algorithm: str, key: PrivateKey, named: bool) -> None:
    issuer.keys = [jwk(key, "one", **({"alg": algorithm} if named else {}))]
    assert verify(issuer, issuer.token(key, algorithm, "one")).user_id == "auth0|ada"


@pytest.mark.parametrize("path", ["", "/", "/pool", "/pool/"])
def test_issuer_url_must_match_to_the_trailing_slash(path: str) -> None:
    with provider(path) as issuer:
        assert verify(issuer, issuer.token()).user_id == "auth0|ada"
        other = issuer.url.rstrip("/") if path.endswith("/") else issuer.url + "/"
        assert refusal(issuer, issuer.token(iss=other)) == "the token is from another issuer"


LOGOUT = "the token tells of an event, such as a logout: it is not meant as a login"
CLIENT = "the token is a client's own, not a user's: its sub is the client"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://evil.example"}, "the token is from another issuer"),
        ({"iss": None}, "the token has no iss"),
        ({"aud": "another"}, "the token is for another audience"),
        ({"aud": ["another", "third"]}, "the token is for another audience"),
        ({"aud": ["another"], "client_id": "tickfold"}, "the token is for another audience"),
        ({"aud": None}, "the token names no audience: it has neither aud nor client_id"),
        ({"aud": []}, "the token names no audience: it has neither aud nor client_id"),
        ({"aud": ""}, "the token names no audience: it has neither aud nor client_id"),
        ({"aud": [], "client_id": "another"}, "the token is for another audience"),
        ({"aud": "account"}, "the token is for another audience"),
        ({"aud": None, "client_id": "another"}, "the token is for another audience"),
        ({"exp": int(time.time()) - 60}, "the token has expired"),
        ({"exp": int(time.time()) - 1}, "the token has expired"),
        ({"exp": None}, "the token has no exp"),
        ({"nbf": int(time.time()) + 3_600}, "the token is not valid yet"),
        ({"sub": None}, "the token has no sub"),
        ({"sub": ""}, "the token's sub is not 1 to 255 printable ASCII characters"),
        ({"sub": "a" * 256}, "the token's sub is not 1 to 255 printable ASCII characters"),
        ({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}, LOGOUT),
        ({"events": {}}, LOGOUT),
        ({"cnf": {"jkt": "a"}}, "the token is bound to a key or a certificate, whose possession Tickfold cannot check"),
        ({"sub": "robot", "client_id": "robot"}, CLIENT),
        ({"sub": "robot", "azp": "robot"}, CLIENT),
        ({"sub": "robot@clients", "azp": "robot"}, CLIENT),
    ],
)
def test_token_with_invalid_claim_is_refused(issuer: Provider, changes: dict[str, Any], reason: str) -> None:
    assert refusal(issuer, issuer.token(**changes)) == reason


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["another", "tickfold"]},
        {"aud": None, "client_id": "tickfold"},  # Cognito's access token
        {"aud": [], "client_id": "tickfold"},  # Hydra's, unless an audience was requested
        {"azp": "console", "client_id": "console"},
    ],
    ids=", ".join,
)
def test_token_for_several_audiences_or_a_client_is_accepted(issuer: Provider, changes: dict[str, Any]) -> None:
    assert verify(issuer, issuer.token(**changes)).user_id == "auth0|ada"


def test_clock_difference_is_tolerated(issuer: Provider) -> None:
    now = int(time.time())
    assert verify(issuer, issuer.token(nbf=now + 5, iat=now + 5)).user_id == "auth0|ada"


@pytest.mark.parametrize("value", [["b", "a", "b"], "b a b", " b  a "])
def test_portfolios_are_read_from_the_configured_claim(issuer: Provider, value: Any) -> None:
    assert verify(issuer, issuer.token(**{"https://x/p": value}), claim="https://x/p").portfolios == ("b", "a")
    assert verify(issuer, issuer.token(**{"https://x/p": value})).portfolios == ()


def test_portfolios_that_hydra_puts_under_ext_are_read(issuer: Provider) -> None:
    assert verify(issuer, issuer.token(ext={"portfolios": ["a"]})).portfolios == ("a",)
    assert verify(issuer, issuer.token(ext={"portfolios": ["a"]}, portfolios=["b"])).portfolios == ("b",)
    assert verify(issuer, issuer.token(ext="portfolios")).portfolios == ()


STRANGE = "groups, which are no portfolio ids: 1 to 64 letters, digits, - or _"


@pytest.mark.parametrize(
    ("value", "portfolios", "left_out"),
    [
        (["growth", "/growth", "team-a/admins", 7, None, "two words", ["growth"]], ("growth",), f"6 of 7 {STRANGE}"),
        ("a b!", ("a",), f"1 of 2 {STRANGE}"),
        ({"a": 1}, (), "the claim of portfolios: expected a list, or a string with spaces between ids"),
        (True, (), "the claim of portfolios: expected a list, or a string with spaces between ids"),
        ([f"p{n}" for n in range(102)], tuple(f"p{n}" for n in range(100)), "2 portfolios beyond the first 100"),
        (["p"] * 101, ("p",), ""),
        (
            ["/", *(f"p{n}" for n in range(101))],
            tuple(f"p{n}" for n in range(100)),
            f"1 of 102 {STRANGE}; 1 portfolios beyond the first 100",
        ),
    ],
)
def test_strange_group_costs_that_group_and_not_the_user(
    issuer: Provider, value: Any, portfolios: tuple[str, ...], left_out: str
) -> None:
    found = verifier(issuer).verify(issuer.token(portfolios=value))
    assert (found.user.portfolios, found.left_out) == (portfolios, left_out)


@pytest.mark.parametrize("kind", ["logout+jwt", "secevent+jwt", "dpop+jwt", "token-introspection+jwt", 1])
def test_token_of_another_type_is_refused(issuer: Provider, kind: object) -> None:
    token = _typed(issuer, kind)
    assert refusal(issuer, token) == "the token's typ is neither JWT nor at+jwt: it is not meant as a login"


@pytest.mark.parametrize("kind", [None, "JWT", "jwt", "at+jwt", "application/at+jwt", "AT+JWT"])
def test_access_token_of_every_spelling_is_accepted(issuer: Provider, kind: str | None) -> None:
    assert verify(issuer, _typed(issuer, kind)).user_id == "auth0|ada"


def _typed(issuer: Provider, kind: object) -> str:
    return jwt.encode(issuer.claims(), RSA, "RS256", headers={"kid": "rsa", "typ": kind})  # None leaves it out


class Clock:
    """A clock that a test sets."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


NEW = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


@pytest.mark.parametrize(
    ("key", "algorithm"), [(NEW, "RS256"), (EC, "ES256")], ids=["of the same type", "of another type"]
)
def test_other_key_under_the_same_id_is_fetched(issuer: Provider, key: PrivateKey, algorithm: str) -> None:
    clock = Clock()
    subject = verifier(issuer, keys=KeySet(issuer.url, clock))
    assert subject.verify(issuer.token())
    issuer.keys = [jwk(key, "rsa", use="sig", alg=algorithm)]
    token = issuer.token(key, algorithm)
    with pytest.raises(TokenRefusedError):
        subject.verify(token)
    clock.now += PAUSE_SECONDS
    assert subject.verify(token).user.user_id == "auth0|ada"
    with pytest.raises(TokenRefusedError):
        subject.verify(issuer.token())
    assert len(issuer.requests) == 4


def test_forged_signatures_do_not_flood_the_issuer(issuer: Provider) -> None:
    clock = Clock()
    subject = verifier(issuer, keys=KeySet(issuer.url, clock))
    forged = issuer.token(NEW)
    for _ in range(100):
        with pytest.raises(TokenRefusedError, match="signature does not match"):
            subject.verify(forged)
        clock.now += PAUSE_SECONDS / 10
    assert len(issuer.requests) <= 2 * 11


def test_issuer_that_cannot_be_asked_is_not_the_tokens_fault(issuer: Provider) -> None:
    clock = Clock()
    subject = verifier(issuer, keys=KeySet(issuer.url, clock))
    assert subject.verify(issuer.token()) == Verified(User("auth0|ada", (), int(issuer.claims()["exp"])))
    issuer.keys.append(jwk(EC, "new"))
    token = issuer.token(EC, "ES256", "new")
    with pytest.raises(IssuerError, match=r"was asked for its keys less than 5 s ago$"):
        subject.verify(token)
    clock.now += PAUSE_SECONDS
    assert subject.verify(token)


def test_missing_or_too_long_token_is_refused_without_a_request_to_the_issuer(issuer: Provider) -> None:
    assert refusal(issuer, None) == refusal(issuer, "") == "there is no token"
    token = issuer.token(padding="a" * LONGEST_TOKEN)
    assert refusal(issuer, token) == f"the token has {len(token):,} characters; 8,192 are allowed"
    assert issuer.requests == []


@pytest.mark.parametrize("token", ["junk", "a.b", "ory_at_abc.def", "a.b.c.d.e"])
def test_opaque_or_encrypted_token_is_named_as_what_it_is(issuer: Provider, token: str) -> None:
    assert refusal(issuer, token) == "the token is no signed JSON Web Token: it may be opaque, or encrypted"


@pytest.mark.parametrize("token", ["a.b.c", "..", "e30.e30.", "\N{EURO SIGN}.b.c", "bnVsbA.e30.AA"])
def test_malformed_token_is_refused(issuer: Provider, token: str) -> None:
    assert refusal(issuer, token).startswith(("the token is malformed", "the token is not signed by one of"))


def test_foreign_key_is_refused(issuer: Provider) -> None:
    foreign = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    assert refusal(issuer, issuer.token(foreign)) == "the token's signature does not match its key"
    unknown = "the token is signed by a key that the issuer does not have"
    assert refusal(issuer, issuer.token(foreign, key_id="foreign")) == unknown
    unnamed = jwt.encode(issuer.claims(), RSA, "RS256")
    assert refusal(issuer, unnamed) == "the token's header has no kid"


def test_claim_changed_after_signing_is_refused(issuer: Provider) -> None:
    header, _, signature = issuer.token().split(".")
    forged = f"{header}.{_encode(issuer.claims(sub='eve'))}.{signature}"
    assert refusal(issuer, forged) == "the token's signature does not match its key"


def test_unsigned_token_is_refused(issuer: Provider) -> None:
    for algorithm in ("none", "None", "NONE", ""):
        token = f"{_encode({'alg': algorithm, 'kid': 'rsa'})}.{_encode(issuer.claims())}."
        assert refusal(issuer, token).startswith("the token is not signed by one of RS256")


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_token_signed_with_the_public_key_as_secret_is_refused(issuer: Provider, encoding: Encoding) -> None:
    secret = RSA.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{_encode({'alg': 'HS256', 'kid': 'rsa'})}.{_encode(issuer.claims())}"
    mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    assert refusal(issuer, f"{signed}.{_base64(mac)}").startswith("the token is not signed by one of RS256")


def test_symmetric_key_of_the_issuer_is_refused(issuer: Provider) -> None:
    issuer.keys = [{"kty": "oct", "kid": "rsa", "k": _base64(b"s" * 32)}]
    signed = jwt.encode(issuer.claims(), b"s" * 32, "HS256", headers={"kid": "rsa"})
    assert refusal(issuer, signed).startswith("the token is not signed by one of RS256")
    assert refusal(issuer, issuer.token()) == "the token is malformed (InvalidKeyError)"


def test_key_is_limited_to_its_algorithm_and_use(issuer: Provider) -> None:
    assert refusal(issuer, issuer.token(algorithm="PS256")) == "the token's algorithm does not match its key"
    issuer.keys = [jwk(RSA, "rsa", use="enc")]
    assert refusal(issuer, issuer.token()) == "the token is signed by a key that the issuer does not have"


def test_short_key_is_refused(issuer: Provider) -> None:
    short = rsa.generate_private_key(public_exponent=65_537, key_size=1_024)  # noqa: S505 - that is what is refused
    issuer.keys = [jwk(short, "short")]
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = issuer.token(short, key_id="short")
    assert refusal(issuer, token) == "the token is malformed (InvalidKeyError)"


def _encode(document: dict[str, Any]) -> str:
    return _base64(json.dumps(document).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
