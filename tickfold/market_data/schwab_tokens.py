"""Schwab's tokens in Secrets Manager: one login for all functions, refreshed before it expires by one of them.

The lock is a lease in DynamoDB. Secrets Manager has no conditional write: that two have refreshed could be seen there
only afterwards, when one of the refresh tokens may have been replaced.
"""

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from tickfold.market_data.providers.failures import KeyMissingError, UnavailableError
from tickfold.market_data.schwab_oauth import LoginExpiredError, SchwabOAuth, Tokens
from tickfold.storage.lease import Lease

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

LEASE_SECONDS: Final = 60.0
"""Longer than a refresh with its retries takes."""
WARNING: Final = timedelta(days=2)
"""How long before a login expires it is time to log in again."""

_NAME = "schwab"
_MARGIN = timedelta(minutes=2)
"""An access token is refreshed so long before it expires: requests take their time, and clocks differ."""
_PAUSE_SECONDS = 0.5


class TokenStore:
    """The tokens in the secret `secret_id`."""

    def __init__(self, secrets: "SecretsManagerClient", secret_id: str) -> None:
        self._secrets = secrets
        self._secret_id = secret_id

    def read(self) -> Tokens:
        """Return the tokens.

        Raises:
            KeyMissingError: nobody has logged in.
        """
        try:
            found = json.loads(self._secrets.get_secret_value(SecretId=self._secret_id)["SecretString"])
            return Tokens(
                access_token=found["access_token"],
                access_expires=datetime.fromisoformat(found["access_expires"]),
                refresh_token=found["refresh_token"],
                login_expires=datetime.fromisoformat(found["login_expires"]),
            )
        except (self._secrets.exceptions.ResourceNotFoundException, ValueError, KeyError, TypeError):
            raise KeyMissingError(_NAME, "login", "tickfold auth schwab") from None

    def write(self, tokens: Tokens) -> None:
        """Store the tokens as the secret's current version."""
        document = {
            "access_token": tokens.access_token,
            "access_expires": tokens.access_expires.astimezone(UTC).isoformat(),
            "refresh_token": tokens.refresh_token,
            "login_expires": tokens.login_expires.astimezone(UTC).isoformat(),
        }
        self._secrets.put_secret_value(SecretId=self._secret_id, SecretString=json.dumps(document))


class SchwabTokens:
    """Gives out access tokens that last for two more minutes at least. Threads may share it.

    `refreshed` is called after each refresh, to count it. `sleep`, in seconds, serves the wait for another's refresh.
    """

    def __init__(
        self,
        store: TokenStore,
        oauth: SchwabOAuth,
        lease: Lease,
        now: Callable[[], datetime],
        *,
        sleep: Callable[[float], None] = time.sleep,
        refreshed: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._oauth = oauth
        self._lease = lease
        self._now = now
        self._sleep = sleep
        self._refreshed = refreshed
        self._lock = threading.Lock()
        self._tokens: Tokens | None = None

    def access_token(self) -> str:
        """Return an access token; refresh it first if it expires soon and nobody else has.

        Raises:
            KeyMissingError: nobody has logged in.
            LoginExpiredError: the login has expired.
            UnavailableError: Schwab cannot be reached, or another's refresh takes longer than a lease.
        """
        with self._lock:
            if self._tokens is None or not self._is_fresh(self._tokens):
                self._tokens = self._fresh()
            return self._tokens.access_token

    def expires_soon(self) -> bool:
        """Return whether the login expires within two days, or has expired.

        Raises:
            KeyMissingError: nobody has logged in.
        """
        return self._store.read().login_expires - self._now() <= WARNING

    def _fresh(self) -> Tokens:
        """Return tokens that another has refreshed, or refresh them."""
        waited = 0.0
        while not self._is_fresh(tokens := self._store.read()):
            if tokens.login_expires <= self._now():
                raise LoginExpiredError
            if holder := self._lease.acquire():
                try:
                    return self._refresh()
                finally:
                    self._lease.release(holder)
            if waited >= LEASE_SECONDS:
                raise UnavailableError(_NAME, "the refresh of its token by another function does not end")
            self._sleep(_PAUSE_SECONDS)
            waited += _PAUSE_SECONDS
        return tokens

    def _refresh(self) -> Tokens:
        """Refresh and store the tokens, unless another has since they were read."""
        tokens = self._store.read()
        if self._is_fresh(tokens):
            return tokens
        renewed = self._oauth.refresh(tokens)
        self._store.write(renewed)
        self._refreshed()
        return renewed

    def _is_fresh(self, tokens: Tokens) -> bool:
        return tokens.access_expires - self._now() > _MARGIN
