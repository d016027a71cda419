"""The providers of a function: in the order that the stack configures, with the keys that Secrets Manager has."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from functions import wiring
from functions.settings import ProvidersSettings
from tickfold.market_data.keys_secret import KeysSecret
from tickfold.market_data.providers.configured import Order, failover
from tickfold.market_data.providers.failover import ActionsAnswer, Answer, Failover, QuoteAnswer
from tickfold.market_data.providers.provider import BarRequest
from tickfold.market_data.providers.registry import Keys
from tickfold.market_data.schwab_login import SchwabLogin

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_KEYS_SECONDS = 300
"""After which changed keys are used."""


@dataclass
class ConfiguredProviders:
    """Failover over the providers of `order`, whose keys are in the secret `keys_secret`.

    A provider without keys is left out, as long as there is another.
    """

    order: Order
    keys_secret: str
    secrets: "SecretsManagerClient"
    schwab_token: Callable[[], str] | None = None
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _read_at: float = float("-inf")
    _keys: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    _failover: Failover | None = None

    def bars(self, request: BarRequest) -> Iterator[Answer]:
        """Yield the bars of `request`, as `Failover.bars` does.

        Raises:
            AllProvidersFailedError: no provider has them, or none has keys.
        """
        return self._current().bars(request)

    def actions(self, symbol: str, start: date, end: date) -> ActionsAnswer:
        """Return splits and dividends, as `Failover.actions` does.

        Raises:
            AllProvidersFailedError: no provider has answered, or none has keys.
        """
        return self._current().actions(symbol, start, end)

    def quotes(self, symbols: Sequence[str]) -> Mapping[str, QuoteAnswer]:
        """Return the quotes of `symbols`, as `Failover.quotes` does.

        Raises:
            AllProvidersFailedError: no provider has answered, or none has keys.
        """
        return self._current().quotes(symbols)

    def _current(self) -> Failover:
        with self._lock:
            if self.clock() - self._read_at > _KEYS_SECONDS or self._failover is None:
                keys = KeysSecret(self.secrets, self.keys_secret).fields()
                if keys != self._keys or self._failover is None:
                    self._failover = failover(self.order, Keys(keys, self.schwab_token))
                self._keys, self._read_at = keys, self.clock()
            return self._failover


def configured_providers(
    settings: ProvidersSettings, refreshed: Callable[[], None] = lambda: None
) -> ConfiguredProviders:
    """Return the providers that the function may use; `refreshed` is called when a token of Schwab's was refreshed."""
    secrets = wiring.secrets_manager()
    token: Callable[[], str] | None = None
    if settings.schwab_tokens_secret:
        bars = wiring.dynamodb().Table(settings.lease_table)
        login = SchwabLogin(secrets, settings.keys_secret, settings.schwab_tokens_secret, bars, refreshed)
        token = login.access_token
    return ConfiguredProviders(json.loads(settings.providers), settings.keys_secret, secrets, token)
