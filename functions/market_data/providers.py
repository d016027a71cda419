"""The providers of a function: in the order that the stack configures, with the keys that Secrets Manager has."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from functions.settings import ProvidersSettings
from tickfold.errors import RunError
from tickfold.market_data.providers.failover import Answer, Failover, QuoteAnswer
from tickfold.market_data.providers.failures import KeyMissingError, ProviderError, all_failed
from tickfold.market_data.providers.http import Http
from tickfold.market_data.providers.provider import BarRequest, Provider
from tickfold.market_data.providers.registry import Keys, ProviderSettings, build

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

logger = Logger(child=True)

_KEYS_SECONDS = 300
"""After which changed keys are used."""


@dataclass
class ConfiguredProviders:
    """Failover over the providers of `order`, whose keys are in the secret `keys_secret`.

    A provider without keys is left out, as long as there is another.
    """

    order: Sequence[Mapping[str, Any]]
    keys_secret: str
    secrets: "SecretsManagerClient"
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _read_at: float = float("-inf")
    _keys: str = ""
    _failover: Failover | None = None

    def bars(self, request: BarRequest) -> Iterator[Answer]:
        """Yield the bars of `request`, as `Failover.bars` does.

        Raises:
            AllProvidersFailedError: no provider has them, or none has keys.
        """
        return self._current().bars(request)

    def quotes(self, symbols: Sequence[str]) -> Mapping[str, QuoteAnswer]:
        """Return the quotes of `symbols`, as `Failover.quotes` does.

        Raises:
            AllProvidersFailedError: no provider has answered, or none has keys.
        """
        return self._current().quotes(symbols)

    def _current(self) -> Failover:
        with self._lock:
            if self.clock() - self._read_at > _KEYS_SECONDS or self._failover is None:
                keys = _value_of(self.secrets, self.keys_secret)
                if keys != self._keys or self._failover is None:
                    self._failover = self._built(keys)
                self._keys, self._read_at = keys, self.clock()
            return self._failover

    def _built(self, stored: str) -> Failover:
        keys, http = Keys(json.loads(stored)), Http()
        providers, without = list[Provider](), list[ProviderError]()
        for each in self.order:
            try:
                providers.append(build(each["name"], _settings_of(each), keys, http))
            except KeyMissingError as error:
                logger.warning("a provider is left out", extra={"reason": str(error)})
                without.append(error)
        if not providers:
            raise (
                all_failed("keys", without)
                if without
                else RunError("no provider of market data is configured: pulumi config set tickfold:providers alpaca")
            )
        return Failover(providers)


def configured_providers(settings: ProvidersSettings) -> ConfiguredProviders:
    """Return the providers that the function may use."""
    return ConfiguredProviders(json.loads(settings.providers), settings.keys_secret, boto3.client("secretsmanager"))


def _settings_of(provider: Mapping[str, Any]) -> ProviderSettings:
    known = {name: value for name, value in provider.items() if name != "name"}
    path = known.pop("path", None)
    return ProviderSettings(**known, path=Path(path) if path else None)


def _value_of(secrets: "SecretsManagerClient", secret: str) -> str:
    """Return the secret's JSON: keys by provider; an empty object if none was ever set."""
    try:
        # The emulator answers without a value where AWS refuses.
        return secrets.get_secret_value(SecretId=secret).get("SecretString") or "{}"
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return "{}"
