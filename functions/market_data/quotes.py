"""Quotes: the latest prices of symbols, and the trends of the market, from the first provider that answers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.market_data.providers import ConfiguredProviders, configured_providers
from functions.settings import ProvidersSettings
from tickfold.errors import RunError
from tickfold.market_data.providers.provider import Quote
from tickfold.market_data.trends import INDICES, trend_of
from tickfold.protocol.symbol import parse_symbol

logger = Logger()

Event = dict[str, Any]
_MOST_SYMBOLS = 100


@dataclass(frozen=True)
class Dependencies:
    """What Quotes works with."""

    providers: ConfiguredProviders


@cache
def dependencies() -> Dependencies:
    return Dependencies(configured_providers(ProvidersSettings.read()))


def quotes(event: Event, given: Dependencies) -> Event:
    """Return the quotes of `symbols`, and with `include_trends` the moves of the indices.

    `statusCode` is 200 with a `body` of `timestamp`, `market_data` (price, volume and market_cap by symbol, null where
    the provider does not say them), `trends` and `unknown`, the symbols that no provider knows; or 400 or 502 with an
    `error`.
    """
    try:
        symbols = _symbols_of(event)
    except RunError as error:
        return {"statusCode": 400, "body": {"error": str(error)}}
    indices = INDICES if event.get("include_trends") else {}
    try:
        found = given.providers.quotes(list(dict.fromkeys([*symbols, *indices.values()])))
    except RunError as error:
        logger.warning("no quotes", extra={"reason": str(error)})
        return {"statusCode": 502, "body": {"error": str(error)}}
    known = {symbol: answer.quote for symbol, answer in found.items()}
    trends = {name: trend_of(known[fund]) for name, fund in indices.items() if fund in known}
    return {
        "statusCode": 200,
        "body": {
            "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "market_data": {symbol: _shown(known[symbol]) for symbol in symbols if symbol in known},
            "trends": {name: asdict(trend) for name, trend in trends.items() if trend},
            "unknown": [symbol for symbol in symbols if symbol not in known],
        },
    }


def _shown(quote: Quote) -> Mapping[str, float | None]:
    return {"price": quote.price, "volume": quote.volume, "market_cap": quote.market_cap}


def _symbols_of(event: Event) -> list[str]:
    """Return the symbols of an event.

    Raises:
        RunError: there are none, too many, or one is none.
    """
    symbols = event.get("symbols")
    if not isinstance(symbols, list) or not all(isinstance(each, str) for each in symbols) or not symbols:
        raise RunError('symbols must be a list of symbols, such as {"symbols": ["AAPL", "GOOGL"]}')
    if len(symbols) > _MOST_SYMBOLS:
        raise RunError(f"{len(symbols)} symbols; at most {_MOST_SYMBOLS} are quoted at once")
    try:
        return list(dict.fromkeys(map(parse_symbol, symbols)))
    except ValueError as error:
        raise RunError(str(error)) from None


@logger.inject_lambda_context(clear_state=True)
def handler(event: Event, _context: LambdaContext) -> Event:
    return quotes(event, dependencies())
