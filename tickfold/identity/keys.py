"""The public keys of an OpenID Connect issuer: its JSON Web Key Set (RFC 7517), fetched on demand and cached."""

import json
import math
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, build_opener

from tickfold.errors import TickfoldError
from tickfold.identity.loopback import is_loopback

Key = dict[str, Any]
"""A JSON Web Key."""

LIFETIME_SECONDS = 600.0
"""Lifetime of a cached set, and so the longest time that a withdrawn key is trusted."""
PAUSE_SECONDS = 5.0
"""Minimum time between two fetches, so that tokens with invented key ids cannot flood the issuer."""
TIMEOUT_SECONDS = 2.0
"""Timeout of the connection to the issuer, and of each read from it."""

_MOST_BYTES = 1_000_000


class IssuerError(TickfoldError):
    """The issuer could not be asked for a key, which is not the token's fault. The message says why."""


class KeySet:
    """The keys of the issuer with the URL `issuer`, spelled as in the `iss` of its tokens.

    Not thread-safe: a Lambda execution environment handles one request at a time.
    """

    def __init__(self, issuer: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer = issuer
        self._clock = clock
        self._keys: dict[str, Key] = {}
        self._fetched_at = self._tried_at = -math.inf
        self._failure: str | None = None

    def find(self, key_id: str) -> Key | None:
        """Return the key `key_id`, or None if the issuer has no such key.

        A cached key stays valid while the issuer is unavailable.

        Raises:
            IssuerError: the key is not cached, and the last fetch failed, or was too short a time ago to ask again.
        """
        has_asked = False
        if key_id not in self._keys or self._clock() - self._fetched_at >= LIFETIME_SECONDS:
            has_asked = self._fetch()
        if key_id in self._keys:
            return self._keys[key_id]
        if self._failure:
            raise IssuerError(self._failure)
        if not has_asked:
            raise IssuerError(f"{self._issuer} was asked for its keys less than {PAUSE_SECONDS:g} s ago")
        return None

    def find_other(self, key_id: str, than: Key) -> Key | None:
        """Return the key that the issuer has under `key_id` by now; None if it is `than`, or cannot be asked."""
        if self._keys.get(key_id) == than and not self._fetch():
            return None
        found = self._keys.get(key_id)
        return None if found == than else found

    def _fetch(self) -> bool:
        """Fetch the keys, and return whether the issuer gave them; not within `PAUSE_SECONDS` of the last attempt."""
        now = self._clock()
        if now - self._tried_at < PAUSE_SECONDS:
            return False
        self._tried_at = now
        try:
            self._keys, self._fetched_at, self._failure = fetch_keys(self._issuer), now, None
        except IssuerError as error:
            self._failure = str(error)
        return self._failure is None


def fetch_keys(issuer: str) -> dict[str, Key]:
    """Return the signing keys of `issuer` by their ids.

    Raises:
        IssuerError: the issuer does not respond, or its metadata is invalid or another issuer's.
    """
    metadata_url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    metadata = _fetch_json(metadata_url)
    if metadata.get("issuer") != issuer:
        raise IssuerError(f"{metadata_url} names the issuer {metadata.get('issuer')!r}; configured is {issuer!r}")
    keys_url = str(metadata.get("jwks_uri"))
    if not is_trustworthy(keys_url):
        raise IssuerError(f"{metadata_url} has the jwks_uri {keys_url!r}; expected an https:// URL")
    keys = _fetch_json(keys_url).get("keys")
    if not isinstance(keys, list):
        raise IssuerError(f"{keys_url} is not a JSON Web Key Set")
    return {key["kid"]: key for key in keys if _signs(key)}


def is_trustworthy(url: str) -> bool:
    """Return whether a response from `url` cannot be tampered with: https, or http on loopback."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
    except ValueError:
        return False


def _signs(key: Any) -> bool:
    return isinstance(key, dict) and isinstance(key.get("kid"), str) and key.get("use", "sig") == "sig"


class _NoRedirects(HTTPRedirectHandler):
    """Follows no redirect, which could lead away from https."""

    def redirect_request(self, *_arguments: Any) -> None:
        return None


# No proxies: a developer's proxy cannot reach loopback, and Lambda has none.
_OPENER = build_opener(ProxyHandler({}), _NoRedirects)


def _fetch_json(url: str) -> dict[str, Any]:
    try:
        with _OPENER.open(url, timeout=TIMEOUT_SECONDS) as answer:
            found = json.loads(answer.read(_MOST_BYTES))
    except (OSError, HTTPException, ValueError) as error:
        raise IssuerError(f"{url} could not be read: {error or type(error).__name__}") from None
    if not isinstance(found, dict):
        raise IssuerError(f"{url} is not a JSON object")
    return found
