"""The page of market data providers, from the limits that each provider states."""

from datetime import timedelta
from itertools import groupby
from pathlib import Path

from tickfold.market_data.providers.alpaca import Alpaca
from tickfold.market_data.providers.alpha_vantage import AlphaVantage
from tickfold.market_data.providers.circuit_breaker import COOL_DOWN_SECONDS, FAILURES
from tickfold.market_data.providers.files import Files
from tickfold.market_data.providers.http import CONNECT_SECONDS, DEADLINE_SECONDS, READ_SECONDS
from tickfold.market_data.providers.provider import Adjustment, Limits
from tickfold.market_data.providers.registry import KEY_FIELDS
from tickfold.market_data.providers.schwab import Schwab
from tickfold.market_data.providers.yahoo import Yahoo

INTRODUCTION = """# Market data providers

Generated from `tickfold/market_data/providers/` by `make docs`. [Get keys of providers](../how-to/get-provider-keys.md)
says how to use one.

| provider | timeframes | prices | history | sessions | requests | quotes | splits, dividends | keys |
|---|---|---|---|---|---|---|---|---|
"""
_LIMITS = {
    Alpaca.name: Alpaca.limits,
    AlphaVantage.name: AlphaVantage.limits,
    Schwab.name: Schwab.limits,
    Yahoo.name: Yahoo.limits,
    Files.name: Files(Path()).limits,
}
_PRICES = {
    Adjustment.RAW: "as traded",
    Adjustment.SPLITS: "adjusted for splits",
    Adjustment.ALL: "adjusted for splits and dividends",
}


def render() -> str:
    """Return the page."""
    return INTRODUCTION + "".join(f"| {' | '.join(_row(name, each))} |\n" for name, each in _LIMITS.items()) + _rules()


def _row(name: str, limits: Limits) -> list[str]:
    return [
        f"`{name}`",
        "any up to weeks" if limits.timeframes is None else ", ".join(limits.timeframes),
        "as in the file" if name == Files.name else "; ".join(_PRICES[each] for each in limits.adjustments),
        _history(limits),
        "extended hours too" if limits.extended_hours else "as in the file" if name == Files.name else "regular",
        _requests(limits),
        _yes(limits.quotes),
        _yes(limits.actions),
        ", ".join(f"`{each}`" for each in KEY_FIELDS.get(name, ())) or "none",
    ]


def _history(limits: Limits) -> str:
    """Return how far back bars reach, timeframes of one reach together."""
    reaches = [(each, limits.longest_history(each)) for each in limits.timeframes or ()]
    parts = [
        f"{', '.join(timeframe for timeframe, _ in group)}: {reach.days} days"
        for reach, group in groupby(reaches, key=lambda each: each[1])
        if isinstance(reach, timedelta)
    ]
    return "; ".join(parts) or "all there is"


def _requests(limits: Limits) -> str:
    rates = [(limits.requests_per_minute, "minute"), (limits.requests_per_day, "day on the free plan")]
    return ", ".join(f"{count:,} a {unit}" for count, unit in rates if count) or "without limit"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _rules() -> str:
    return f"""
Requests are spaced evenly, so that a minute never holds more of them. Each may take {CONNECT_SECONDS:g} s to connect
and {READ_SECONDS:g} s between two parts of its response. With retries, after status 429 and 5xx and after a broken
connection, it may take {DEADLINE_SECONDS:g} s in all. `Retry-After` is obeyed as far as that allows.

After {FAILURES} failures in a row a provider is left alone for {COOL_DOWN_SECONDS:g} s, and then tried once. One that
asks for a longer pause gets it.
"""
