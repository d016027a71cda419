"""The issuer's keys: caching, fetching, and invalid responses."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.identity.oidc_provider import EC, RSA, Provider, jwk, provider
from tickfold.identity.keys import LIFETIME_SECONDS, PAUSE_SECONDS, IssuerError, KeySet, fetch_keys, is_trustworthy


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer() -> Iterator[Provider]:
    with provider() as serving:
        yield serving


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(issuer: Provider, clock: Clock) -> KeySet:
    return KeySet(issuer.url, clock)


FETCHED = ["/.well-known/openid-configuration", "/keys"]


def test_keys_are_cached_until_their_lifetime_ends(issuer: Provider, keys: KeySet, clock: Clock) -> None:
    assert [keys.find("rsa") for _ in range(3)] == [issuer.keys[0]] * 3
    clock.now += LIFETIME_SECONDS - 1
    assert keys.find("rsa")
    assert issuer.requests == FETCHED
    clock.now += 1
    assert keys.find("rsa")
    assert issuer.requests == FETCHED * 2


def test_new_key_is_found_and_withdrawn_key_is_not(issuer: Provider, keys: KeySet, clock: Clock) -> None:
    assert keys.find("rsa")
    issuer.keys = [jwk(EC, "new")]
    clock.now += PAUSE_SECONDS
    assert keys.find("new") == issuer.keys[0]
    clock.now += PAUSE_SECONDS
    assert keys.find("rsa") is None


def test_unknown_key_ids_do_not_flood_the_issuer(issuer: Provider, keys: KeySet, clock: Clock) -> None:
    seconds = 60
    for number in range(seconds * 20):
        with suppress(IssuerError):  # asked a moment ago
            assert keys.find(f"made-up-{number}") is None
        clock.now += 1 / 20
    assert len(issuer.requests) <= 2 * (seconds / PAUSE_SECONDS + 1)
    assert keys.find("rsa")


def test_cached_key_stays_valid_while_issuer_is_down(issuer: Provider, keys: KeySet, clock: Clock) -> None:
    assert keys.find("rsa")
    issuer.down = True
    clock.now += 2 * LIFETIME_SECONDS
    assert keys.find("rsa")
    with pytest.raises(IssuerError, match="503"):
        keys.find("new")
    issuer.down, issuer.keys = False, [jwk(EC, "new")]
    clock.now += PAUSE_SECONDS
    assert keys.find("new")


def test_failed_fetch_is_repeated_after_the_pause(issuer: Provider, keys: KeySet, clock: Clock) -> None:
    issuer.down = True
    for _ in range(3):
        with pytest.raises(IssuerError, match=r"openid-configuration could not be read: HTTP Error 503"):
            keys.find("rsa")
    assert len(issuer.requests) == 1
    issuer.down = False
    clock.now += PAUSE_SECONDS
    assert keys.find("rsa")


def test_silent_issuer_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tickfold.identity.keys.TIMEOUT_SECONDS", 0.1)
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(IssuerError, match="timed out"):
        fetch_keys(f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"issuer": "https://other.example"}, "names the issuer 'https://other.example'; configured is 'http://127"),
        ({"issuer": None}, "names the issuer None"),
        ({"jwks_uri": "http://keys.example/"}, r"has the jwks_uri 'http://keys.example/'; expected an https:// URL"),
        ({"jwks_uri": "file:///etc/passwd"}, "has the jwks_uri 'file:///etc/passwd'"),
        ({"jwks_uri": None}, "has the jwks_uri 'None'"),
    ],
)
def test_metadata_of_another_issuer_is_refused(issuer: Provider, metadata: dict[str, Any], reason: str) -> None:
    issuer.metadata = metadata
    with pytest.raises(IssuerError, match=reason):
        fetch_keys(issuer.url)


def test_redirect_of_metadata_is_not_followed(issuer: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    with provider() as other:
        monkeypatch.setattr(issuer, "answer", lambda path: (302, other.url + path))
        with pytest.raises(IssuerError, match="302"):
            fetch_keys(issuer.url)
        assert other.requests == []


@pytest.mark.parametrize("document", [[], "text", {"keys": "rsa"}, {}])
def test_invalid_key_set_is_refused(issuer: Provider, monkeypatch: pytest.MonkeyPatch, document: Any) -> None:
    real = issuer.answer
    monkeypatch.setattr(issuer, "answer", lambda path: (200, document) if path == "/keys" else real(path))
    with pytest.raises(IssuerError, match="/keys is not a JSON"):
        fetch_keys(issuer.url)


def test_keys_without_an_id_or_for_another_use_are_left_out(issuer: Provider) -> None:
    unnamed = {name: value for name, value in jwk(RSA, "").items() if name != "kid"}
    issuer.keys = [unnamed, jwk(RSA, "enc", use="enc"), jwk(EC, "sig", use="sig"), jwk(EC, "any")]
    assert fetch_keys(issuer.url).keys() == {"sig", "any"}


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://tenant.eu.auth0.com/", True),
        ("http://tenant.eu.auth0.com/", False),
        ("http://127.0.0.1:8080", True),
        ("http://127.0.0.1.evil.example", False),
        ("https:///path", False),
        ("http:///path", False),
        ("https://[::1", False),
        ("http://[::1]:8080", True),
        ("http://localhost", True),
        ("http://10.0.0.1", False),
        ("ftp://localhost", False),
    ],
)
def test_only_https_and_loopback_are_trustworthy(url: str, trusted: bool) -> None:
    assert is_trustworthy(url) is trusted
