"""Alpaca: feeds and subscriptions, pages, symbols without bars, and keys."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest

from tests.market_data.providers.clock import FakeClock
from tests.market_data.providers.servers.alpaca_server import AlpacaServer
from tests.market_data.providers.servers.fault import Kind
from tests.market_data.providers.servers.http_server import Received, Reply
from tests.market_data.providers.servers.market_server import KEY, SECRET, Price
from tests.market_data.providers.sessions import MINUTE, assert_same, at, intraday, microseconds, session, when
from tickfold.engine.bars import Bars, join
from tickfold.market_data.providers.alpaca import Alpaca, AlpacaKey, Feed
from tickfold.market_data.providers.failures import (
    KeyRefusedError,
    NotSupportedError,
    SubscriptionError,
    UnavailableError,
    UnknownSymbolError,
)
from tickfold.market_data.providers.http import Http
from tickfold.market_data.providers.provider import Adjustment, BarRequest

DAY = date(2024, 3, 8)
START, END = at(DAY, time(9, 30)), at(DAY, time(16, 0))
REQUEST = BarRequest("GOOG", "1m", START, END)


@pytest.fixture
def server() -> Iterator[AlpacaServer]:
    with AlpacaServer() as running:
        running.add("GOOG", "1m", intraday())
        yield running


def client(server: AlpacaServer, feed: Feed = "iex", key: AlpacaKey | None = None) -> Alpaca:
    clock = FakeClock()
    return Alpaca(key or AlpacaKey(KEY, SECRET), Http(clock, clock.sleep), server.url, feed)


def test_bars_ask_for_as_many_as_a_page_holds_and_follow_its_tokens(server: AlpacaServer) -> None:
    assert len(list(client(server).bars(REQUEST))) == 2
    assert [request.query["limit"] for request in server.requests] == ["10000", "10000"]
    assert "page_token" not in server.requests[0].query
    assert server.requests[1].query.items() >= server.requests[0].query.items()


@pytest.mark.parametrize(
    ("feed", "of_bars", "of_quotes"),
    [("iex", "iex", "iex"), ("sip", "sip", "sip"), ("delayed_sip", "sip", "delayed_sip")],
)
def test_feed_is_that_of_each_endpoint(server: AlpacaServer, feed: Feed, of_bars: str, of_quotes: str) -> None:
    alpaca = client(server, feed)
    list(alpaca.bars(REQUEST))
    alpaca.quotes(["GOOG"])
    assert (server.requests[0].query["feed"], server.requests[-1].query["feed"]) == (of_bars, of_quotes)


@pytest.mark.parametrize(
    ("adjustment", "sent"), [(Adjustment.RAW, "raw"), (Adjustment.SPLITS, "split"), (Adjustment.ALL, "all")]
)
def test_adjustment_is_that_of_the_request(server: AlpacaServer, adjustment: Adjustment, sent: str) -> None:
    server.add("GOOG", "1m", intraday()[:1], adjustment)
    (page,) = client(server).bars(BarRequest("GOOG", "1m", START, START + timedelta(minutes=1), adjustment))
    assert len(page) == 1
    assert server.requests[0].query["adjustment"] == sent


def test_recent_sip_bars_without_a_subscription_say_so(server: AlpacaServer) -> None:
    server.recent_from = START + timedelta(minutes=10)
    with pytest.raises(SubscriptionError, match="recent SIP data") as raised:
        list(client(server, "sip").bars(REQUEST))
    assert not raised.value.provider_at_fault
    before = BarRequest("GOOG", "1m", START, START + timedelta(minutes=10))
    assert len(join(list(client(server, "sip").bars(before)))) == 10
    assert len(join(list(client(server, "iex").bars(REQUEST)))) == 390


def test_range_without_bars_asks_once_whether_the_symbol_exists(server: AlpacaServer) -> None:
    alpaca = client(server)
    weekend = BarRequest("GOOG", "1m", END, END + timedelta(days=2))
    assert list(alpaca.bars(weekend)) == []
    assert list(alpaca.bars(weekend)) == []
    assert [request.path for request in server.requests].count("/v2/stocks/snapshots") == 1


def test_symbol_in_a_notation_that_alpaca_refuses_is_unknown(server: AlpacaServer) -> None:
    with pytest.raises(UnknownSymbolError, match=r"^alpaca: unknown or delisted symbol 7203\.T$"):
        list(client(server).bars(BarRequest("7203.T", "1m", START, END)))


def test_minutes_without_a_trade_have_no_bar(server: AlpacaServer) -> None:
    thin = session(DAY, intraday())[::7]
    server.add("THIN", "1m", thin)
    assert len(join(list(client(server).bars(BarRequest("THIN", "1m", START, END))))) == len(thin)


@pytest.mark.parametrize("key", [AlpacaKey("wrong", SECRET), AlpacaKey(KEY, "wrong")])
def test_wrong_key_says_how_to_store_another(server: AlpacaServer, key: AlpacaKey) -> None:
    with pytest.raises(KeyRefusedError, match="tickfold data keys set alpaca"):
        list(client(server, key=key).bars(REQUEST))


def test_key_shows_nothing_of_itself() -> None:
    assert repr(AlpacaKey(KEY, SECRET)) == "AlpacaKey()"


def test_refusal_of_another_kind_repeats_its_message(server: AlpacaServer) -> None:
    server.switch(Kind.STATUS, status=422)
    with pytest.raises(NotSupportedError, match=r"^alpaca: refuses the request with status 422: fault$"):
        list(client(server).bars(REQUEST))


def test_page_without_bars_but_a_token_is_not_the_end() -> None:
    class Sparse(AlpacaServer):
        def respond(self, request: Received) -> Reply:
            if "page_token" not in request.query:
                return Reply({"bars": {}, "next_page_token": "Mg=="})
            bar = {"t": "2024-03-08T14:30:00Z", "o": 1, "h": 1, "l": 1, "c": 1, "v": 1, "n": 1, "vw": 1}
            return Reply({"bars": {"GOOG": [bar]}, "next_page_token": None})

    with Sparse() as server:
        (page,) = client(server).bars(REQUEST)
    assert len(page) == 1


def test_token_that_leads_nowhere_ends_in_an_error() -> None:
    class Stuck(AlpacaServer):
        def respond(self, _: Received) -> Reply:
            return Reply({"bars": {}, "next_page_token": "QQ=="})

    with Stuck() as server, pytest.raises(UnavailableError, match="token"):
        list(client(server).bars(REQUEST))


@pytest.mark.parametrize(
    "row",
    [
        {"t": "2024-03-08T14:30:00Z", "o": 1, "h": 1, "l": 1, "c": None, "v": 1},
        {"t": "2024-03-08T14:30:00Z", "o": 1, "h": 1, "l": 1, "c": 1},
        {"t": "2024-03-08T14:30:00-05:00", "o": 1, "h": 1, "l": 1, "c": 1, "v": 1},
        {"t": "yesterdayZ", "o": 1, "h": 1, "l": 1, "c": 1, "v": 1},
        {"t": 1709908200, "o": 1, "h": 1, "l": 1, "c": 1, "v": 1},
        None,
    ],
)
def test_bar_of_another_form_is_an_error(row: object) -> None:
    class Odd(AlpacaServer):
        def respond(self, _: Received) -> Reply:
            return Reply({"bars": {"GOOG": [row]}, "next_page_token": None})

    with Odd() as server, pytest.raises(UnavailableError, match="documented form"):
        list(client(server).bars(REQUEST))


def test_quotes_of_a_symbol_that_alpaca_refuses_cost_no_other(server: AlpacaServer) -> None:
    assert set(client(server).quotes(["GOOG", "7203.T", "ZZZZ"])) == {"GOOG"}


# Cryptocurrencies


def day_without_a_break() -> Bars:
    """Return a bar for every minute of 2024-11-03 in New York, which has 25 hours; prices are those of the sessions."""
    start = at(date(2024, 11, 3), time(0, 0))
    times = microseconds(start) + np.arange(25 * 60, dtype=np.int64) * MINUTE
    return replace(intraday()[: len(times)], timestamp=times)


def test_crypto_bars_come_around_the_clock(server: AlpacaServer) -> None:
    bars = day_without_a_break()
    server.add("BTC/USD", "1m", bars)
    start = when(bars.timestamp[0])
    request = BarRequest("BTC/USD", "1m", start, start + timedelta(hours=25), Adjustment.ALL)
    assert_same(list(client(server).bars(request)), bars)
    assert {request.path for request in server.requests} == {"/v1beta3/crypto/us/bars"}


def test_crypto_days_are_not_supported(server: AlpacaServer) -> None:
    with pytest.raises(NotSupportedError, match="1d bars of BTC/USD"):
        list(client(server).bars(BarRequest("BTC/USD", "1d", START, END)))


def test_unknown_crypto_symbol_is_an_error(server: AlpacaServer) -> None:
    with pytest.raises(UnknownSymbolError, match="XYZ/USD"):
        list(client(server).bars(BarRequest("XYZ/USD", "1m", START, END)))


def test_quotes_of_stocks_and_coins_come_together(server: AlpacaServer) -> None:
    moment = datetime(2024, 11, 4, 20, 59, tzinfo=UTC)
    server.prices = {"GOOG": Price(171.25, 1, 170.5, moment), "BTC/USD": Price(68_000.5, 1.25, 67_000.0, moment)}
    found = client(server).quotes(["BTC/USD", "GOOG", "XYZ/USD"])
    assert {symbol: quote.price for symbol, quote in found.items()} == {"GOOG": 171.25, "BTC/USD": 68_000.5}
    assert found["BTC/USD"].volume == 1.25
    assert client(server).quotes([]) == {}


def test_coins_have_no_corporate_actions(server: AlpacaServer) -> None:
    assert client(server).actions("BTC/USD", DAY, DAY) == []
    assert server.requests == []


def test_quote_is_the_latest_trade(server: AlpacaServer) -> None:
    moment = datetime(2024, 11, 4, 20, 59, 59, 123456, tzinfo=UTC)
    server.prices = {"GOOG": Price(171.25, 1_234_567, 170.5, moment)}
    quote = client(server).quotes(["GOOG"])["GOOG"]
    assert (quote.price, quote.volume, quote.market_cap, quote.previous_close) == (171.25, 1_234_567.0, None, 170.5)
    assert quote.time == moment
