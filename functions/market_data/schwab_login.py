"""Schwab's access tokens for a function: from the secret of the login, refreshed by one function at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from functions import wiring
from functions.settings import ProvidersSettings
from tickfold.market_data.keys_secret import KeysSecret
from tickfold.market_data.providers.http import Http
from tickfold.market_data.providers.registry import Keys
from tickfold.market_data.schwab_oauth import SchwabApp, SchwabOAuth
from tickfold.market_data.schwab_tokens import LEASE_SECONDS, SchwabTokens, TokenStore
from tickfold.storage.lease import Lease

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

LEASE_KEY = {"series": "lease", "entry": "schwab"}
"""The item of the hot table that is the lease."""


@dataclass
class SchwabLogin:
    """The source of access tokens of a stack that uses Schwab. `refreshed` is called after each refresh."""

    settings: ProvidersSettings
    secrets: "SecretsManagerClient"
    refreshed: Callable[[], None]

    def access_token(self) -> str:
        """Return an access token, as `SchwabTokens.access_token` does.

        Raises:
            ProviderError: nobody has logged in, the login has expired, or Schwab cannot be reached.
        """
        return self._tokens.access_token()

    @cached_property
    def _tokens(self) -> SchwabTokens:
        store = TokenStore(self.secrets, self.settings.schwab_tokens_secret)
        lease = Lease(wiring.dynamodb().Table(self.settings.lease_table), LEASE_KEY, LEASE_SECONDS)
        return SchwabTokens(store, SchwabOAuth(self._app(), Http(), _now), lease, _now, refreshed=self.refreshed)

    def _app(self) -> SchwabApp:
        """Return the registered application.

        Raises:
            KeyMissingError: its key is not stored.
        """
        keys = Keys(KeysSecret(self.secrets, self.settings.keys_secret).fields())
        return SchwabApp(keys.field("schwab", "app_key"), keys.field("schwab", "app_secret"))


def _now() -> datetime:
    return datetime.now(UTC)
