"""The public keys of an OpenID Connect issuer: its JSON Web Key Set, fetched when it is needed and kept for a while."""

import json
import math
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, build_opener

from tickfold.identity.loopback import is_loopback

Key = dict[str, Any]
"""One key as the set holds it: a JSON Web Key (RFC 7517)."""

LIFETIME_SECONDS = 600.0
"""After which a set is fetched again: a key that the issuer has withdrawn is trusted no longer than this."""
PAUSE_SECONDS = 5.0
"""Between two attempts to fetch: whoever sends made-up key ids cannot make more requests to the issuer than this."""
TIMEOUT_SECONDS = 2.0
"""For the issuer to take a connection, and for each part of its answer."""

_MOST_BYTES = 1_000_000


class IssuerError(Exception):
    """The issuer's keys could not be fetched; the message says from where, and why."""


class KeySet:
    """The keys of the issuer with the URL `issuer`, as its tokens name it.

    Not for several threads: a Lambda environment handles one request at a time.
    """

    def __init__(self, issuer: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer = issuer
        self._clock = clock
        self._keys: dict[str, Key] = {}
        self._fetched_at = self._tried_at = -math.inf
        self._failure: str | None = None

    def find(self, key_id: str) -> Key | None:
        """Return the key `key_id`, or None if the issuer has no such key.

        A key that is cached outlives an issuer that does not answer.

        Raises:
            IssuerError: the key is not cached, and the last attempt to fetch it failed.
        """
        now = self._clock()
        wanted = key_id not in self._keys or now - self._fetched_at >= LIFETIME_SECONDS
        if wanted and now - self._tried_at >= PAUSE_SECONDS:
            self._fetch(now)
        if key_id not in self._keys and self._failure:
            raise IssuerError(self._failure)
        return self._keys.get(key_id)

    def _fetch(self, now: float) -> None:
        self._tried_at = now
        try:
            self._keys, self._fetched_at, self._failure = fetch_keys(self._issuer), now, None
        except IssuerError as error:
            self._failure = str(error)


def fetch_keys(issuer: str) -> dict[str, Key]:
    """Return the keys by which `issuer` signs, by their ids.

    Raises:
        IssuerError: the issuer does not answer, or answers what no issuer of that name does.
    """
    place = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    metadata = _fetch_json(place)
    if metadata.get("issuer") != issuer:
        raise IssuerError(f"{place} is of the issuer {metadata.get('issuer')!r}; configured is {issuer!r}")
    keys_place = str(metadata.get("jwks_uri"))
    if not is_trustworthy(keys_place):
        raise IssuerError(f"{place} names {keys_place!r} for its keys; expected an https:// URL")
    keys = _fetch_json(keys_place).get("keys")
    if not isinstance(keys, list):
        raise IssuerError(f"{keys_place} holds no JSON Web Key Set")
    return {key["kid"]: key for key in keys if _signs(key)}


def is_trustworthy(url: str) -> bool:
    """Tell whether what is read from `url` is what its owner sent: by https, or from this very machine by http."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
    except ValueError:
        return False


def _signs(key: Any) -> bool:
    return isinstance(key, dict) and isinstance(key.get("kid"), str) and key.get("use", "sig") == "sig"


class _NoRedirects(HTTPRedirectHandler):
    """A redirect could lead away from https; issuers need none."""

    def redirect_request(self, *_arguments: Any) -> None:
        return None


# Without proxies: those of a developer's environment do not lead to the loopback, and Lambda has none.
_OPENER = build_opener(ProxyHandler({}), _NoRedirects)


def _fetch_json(url: str) -> dict[str, Any]:
    try:
        with _OPENER.open(url, timeout=TIMEOUT_SECONDS) as answer:
            found = json.loads(answer.read(_MOST_BYTES))
    except (OSError, HTTPException, ValueError) as error:
        raise IssuerError(f"{url} could not be read: {error or type(error).__name__}") from None
    if not isinstance(found, dict):
        raise IssuerError(f"{url} holds no JSON object")
    return found
