"""Schwab's access tokens of a stack: from the secret of the login, refreshed by one process at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

from tickfold.market_data.keys_secret import KeysSecret
from tickfold.market_data.providers.http import Http
from tickfold.market_data.providers.registry import Keys
from tickfold.market_data.schwab_oauth import SchwabApp, SchwabOAuth
from tickfold.market_data.schwab_tokens import LEASE_SECONDS, SchwabTokens, TokenStore
from tickfold.storage.lease import Lease

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_secretsmanager import SecretsManagerClient

LEASE_KEY: Final = {"series": "lease", "entry": "schwab"}
"""The item of the hot table that is the lease."""


@dataclass
class SchwabLogin:
    """The source of access tokens of a stack that uses Schwab; the lease on them is in its hot table, `bars`.

    `refreshed` is called after each refresh.
    """

    secrets: "SecretsManagerClient"
    keys_secret: str
    tokens_secret: str
    bars: "Table"
    refreshed: Callable[[], None] = lambda: None

    def access_token(self) -> str:
        """Return an access token, as `SchwabTokens.access_token` does.

        Raises:
            ProviderError: nobody has logged in, the login has expired, or Schwab cannot be reached.
        """
        return self._tokens.access_token()

    @cached_property
    def _tokens(self) -> SchwabTokens:
        store, lease = TokenStore(self.secrets, self.tokens_secret), Lease(self.bars, LEASE_KEY, LEASE_SECONDS)
        oauth = SchwabOAuth(schwab_app(self.secrets, self.keys_secret), Http(), _now)
        return SchwabTokens(store, oauth, lease, _now, refreshed=self.refreshed)


def schwab_app(secrets: "SecretsManagerClient", keys_secret: str) -> SchwabApp:
    """Return the application that is registered at Schwab.

    Raises:
        KeyMissingError: its key is not stored.
    """
    keys = Keys(KeysSecret(secrets, keys_secret).fields())
    return SchwabApp(keys.field("schwab", "app_key"), keys.field("schwab", "app_secret"))


def _now() -> datetime:
    return datetime.now(UTC)
