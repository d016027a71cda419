"""The providers that are configured: a stack's order of them, and failover over those that have keys."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tickfold.errors import RunError
from tickfold.market_data.providers.failover import Failover
from tickfold.market_data.providers.failures import KeyMissingError, ProviderError, all_failed
from tickfold.market_data.providers.http import Http
from tickfold.market_data.providers.provider import Provider
from tickfold.market_data.providers.registry import Keys, ProviderSettings, build

logger = logging.getLogger(__name__)

Order = Sequence[Mapping[str, Any]]
"""The providers in the order in which they are asked: the name of each, and its settings."""


def failover(order: Order, keys: Keys) -> Failover:
    """Return failover over the providers of `order`. One without keys is left out, as long as there is another.

    Raises:
        AllProvidersFailedError: none has keys; the message says how to set them.
        RunError: `order` is empty, or a provider or a setting of it is unknown.
    """
    http, providers, without = Http(), list[Provider](), list[ProviderError]()
    for each in order:
        try:
            providers.append(build(each["name"], _settings_of(each), keys, http))
        except KeyMissingError as error:
            logger.warning("a provider is left out: %s", error)
            without.append(error)
    if without and not providers:
        raise all_failed("keys", without)
    if not providers:
        raise RunError("no provider of market data is configured: pulumi config set tickfold:providers alpaca")
    return Failover(providers)


def _settings_of(provider: Mapping[str, Any]) -> ProviderSettings:
    known = {name: value for name, value in provider.items() if name != "name"}
    path = known.pop("path", None)
    return ProviderSettings(**known, path=Path(path) if path else None)
