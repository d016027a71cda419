"""The providers under the contract, each with the server that it talks to."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.market_data.providers.servers.alpaca_server import AlpacaServer
from tests.market_data.providers.servers.alpha_vantage_server import AlphaVantageServer
from tests.market_data.providers.servers.fault import Kind
from tests.market_data.providers.servers.folder_of_files import FolderOfFiles
from tests.market_data.providers.servers.market_server import KEY, SECRET, MarketServer
from tests.market_data.providers.servers.schwab_server import SchwabServer
from tests.market_data.providers.servers.yahoo_server import YahooServer
from tickfold.market_data.providers.alpaca import Alpaca, AlpacaKey
from tickfold.market_data.providers.alpha_vantage import AlphaVantage, AlphaVantageKey
from tickfold.market_data.providers.files import Files
from tickfold.market_data.providers.http import Http
from tickfold.market_data.providers.provider import Adjustment, Provider
from tickfold.market_data.providers.schwab import Schwab, SchwabToken
from tickfold.market_data.providers.yahoo import Yahoo

ONLINE = frozenset(Kind) - {Kind.RATE_TEXT}
"""The faults of every provider with a key. Some tell of their rate limit with status 200."""


@dataclass(frozen=True)
class Subject:
    """A provider, its server, the adjustment of the bars in the contract, and the faults that it can have."""

    name: str
    server: Callable[[], MarketServer]
    build: Callable[[MarketServer, Http], Provider]
    adjustment: Adjustment = Adjustment.RAW
    faults: frozenset[Kind] = ONLINE


def alpaca(server: MarketServer, http: Http) -> Provider:
    return Alpaca(AlpacaKey(KEY, SECRET), http, server.url)


def alpha_vantage(server: MarketServer, http: Http) -> Provider:
    return AlphaVantage(AlphaVantageKey(KEY), http, server.url)


def schwab(server: MarketServer, http: Http) -> Provider:
    return Schwab(SchwabToken(lambda: KEY), http, server.url)


def yahoo(server: MarketServer, http: Http) -> Provider:
    return Yahoo(http, server.url)


def files(server: MarketServer, _: Http) -> Provider:
    assert isinstance(server, FolderOfFiles)
    return Files(server.path)


SUBJECTS = [
    Subject("alpaca", AlpacaServer, alpaca),
    Subject("alpha_vantage", AlphaVantageServer, alpha_vantage, faults=ONLINE | {Kind.RATE_TEXT}),
    Subject("schwab", SchwabServer, schwab, Adjustment.SPLITS),
    Subject("yahoo", YahooServer, yahoo, Adjustment.SPLITS, faults=frozenset(Kind) - {Kind.REVOKED}),
    Subject("files", FolderOfFiles, files, faults=frozenset()),
]
