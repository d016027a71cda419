"""The providers by name, and how each is built from its settings and keys."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tickfold.errors import RunError
from tickfold.market_data.providers import alpaca, alpha_vantage, schwab, yahoo
from tickfold.market_data.providers.alpaca import Alpaca, AlpacaKey, Feed
from tickfold.market_data.providers.alpha_vantage import AlphaVantage, AlphaVantageKey
from tickfold.market_data.providers.failures import KeyMissingError
from tickfold.market_data.providers.http import Http
from tickfold.market_data.providers.provider import Provider
from tickfold.market_data.providers.schwab import Schwab, SchwabToken
from tickfold.market_data.providers.yahoo import Yahoo


@dataclass(frozen=True)
class ProviderSettings:
    """What is set of a provider; None means its default. `path` and `feed` are for files and alpaca alone."""

    base_url: str | None = None
    requests_per_minute: int | None = None
    feed: Feed = "iex"
    path: Path | None = None


@dataclass(frozen=True)
class Keys:
    """The fields of the providers' secrets, by provider and field, and the source of Schwab's access tokens."""

    fields: Mapping[str, Mapping[str, str]]
    schwab_token: Callable[[], str] | None = None

    def __repr__(self) -> str:
        return f"Keys({', '.join(sorted(self.fields))})"

    def access_token(self) -> Callable[[], str]:
        """Return the source of Schwab's access tokens.

        Raises:
            KeyMissingError: nobody has logged in.
        """
        if self.schwab_token is None:
            raise KeyMissingError("schwab", "login", "tickfold auth schwab")
        return self.schwab_token

    def field(self, provider: str, name: str) -> str:
        """Return a field of a provider's secret, without the spaces and line ends that pasting adds.

        Raises:
            KeyMissingError: there is none.
        """
        if value := self.fields.get(provider, {}).get(name, "").strip():
            return value
        raise KeyMissingError(provider, "API key")


KEY_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "alpaca": ("key_id", "secret_key"),
    "alpha_vantage": ("key",),
    "schwab": ("app_key", "app_secret"),
}
"""What a user stores of each provider that needs keys."""


def build(name: str, settings: ProviderSettings, keys: Keys, http: Http) -> Provider:
    """Return the provider `name`.

    Raises:
        RunError: there is none of that name, or a setting of it is missing or wrong.
        KeyMissingError: no key of it is stored.
    """
    if name not in BUILDERS:
        raise RunError(f"{name!r} is not a provider; expected one of {', '.join(BUILDERS)}")
    return BUILDERS[name](settings, keys, http)


def _alpaca(settings: ProviderSettings, keys: Keys, http: Http) -> Provider:
    key = AlpacaKey(keys.field("alpaca", "key_id"), keys.field("alpaca", "secret_key"))
    rate = settings.requests_per_minute or Alpaca.limits.requests_per_minute
    return Alpaca(key, http, settings.base_url or alpaca.BASE_URL, settings.feed, rate)


def _alpha_vantage(settings: ProviderSettings, keys: Keys, http: Http) -> Provider:
    key = AlphaVantageKey(keys.field("alpha_vantage", "key"))
    rate = settings.requests_per_minute or AlphaVantage.limits.requests_per_minute
    return AlphaVantage(key, http, settings.base_url or alpha_vantage.BASE_URL, rate)


def _schwab(settings: ProviderSettings, keys: Keys, http: Http) -> Provider:
    rate = settings.requests_per_minute or Schwab.limits.requests_per_minute
    return Schwab(SchwabToken(keys.access_token()), http, settings.base_url or schwab.BASE_URL, rate)


def _yahoo(settings: ProviderSettings, _: Keys, http: Http) -> Provider:
    rate = settings.requests_per_minute or Yahoo.limits.requests_per_minute
    return Yahoo(http, settings.base_url or yahoo.BASE_URL, rate)


def _files(settings: ProviderSettings, _: Keys, __: Http) -> Provider:
    from tickfold.market_data.providers.files import Files  # noqa: PLC0415 - loads Arrow, which a feed does without

    if settings.path is None:
        raise RunError("files: the setting path is missing: a folder of SYMBOL.csv, or one such file")
    return Files(settings.path)


BUILDERS: Final[Mapping[str, Callable[[ProviderSettings, Keys, Http], Provider]]] = {
    "alpaca": _alpaca,
    "alpha_vantage": _alpha_vantage,
    "schwab": _schwab,
    "yahoo": _yahoo,
    "files": _files,
}
