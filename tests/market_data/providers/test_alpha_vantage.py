"""Alpha Vantage: which slices are asked for, New York's clock, adjusted days, and the messages with status 200."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest

from tests.market_data.providers.clock import FakeClock
from tests.market_data.providers.servers.alpha_vantage_server import AlphaVantageServer
from tests.market_data.providers.servers.http_server import Received, Reply
from tests.market_data.providers.servers.market_server import KEY, Price, Split
from tests.market_data.providers.sessions import at, daily, intraday, session, when
from tickfold.engine.bars import Bars, join
from tickfold.market_data.providers.alpha_vantage import AlphaVantage, AlphaVantageKey
from tickfold.market_data.providers.failures import (
    KeyRefusedError,
    NotSupportedError,
    ProviderError,
    RateLimitedError,
    SubscriptionError,
    UnavailableError,
)
from tickfold.market_data.providers.http import Http
from tickfold.market_data.providers.provider import Adjustment, BarRequest

LAST = date(2024, 11, 29)


@pytest.fixture
def server() -> Iterator[AlphaVantageServer]:
    with AlphaVantageServer() as running:
        running.add("GOOG", "1m", intraday())
        running.add("GOOG", "1d", daily())
        yield running


def client(server: AlphaVantageServer) -> AlphaVantage:
    clock = FakeClock()
    return AlphaVantage(AlphaVantageKey(KEY), Http(clock, clock.sleep), server.url)


def minutes(start: datetime, end: datetime, symbol: str = "GOOG") -> BarRequest:
    return BarRequest(symbol, "1m", start, end)


def sent(server: AlphaVantageServer, name: str) -> list[str | None]:
    return [request.query.get(name) for request in server.requests]


def test_bars_ask_for_raw_prices_of_the_regular_session(server: AlphaVantageServer) -> None:
    list(client(server).bars(minutes(at(LAST, time(12, 50)), at(LAST, time(13, 0)))))
    assert (sent(server, "adjusted"), sent(server, "extended_hours")) == (["false"], ["false"])


def test_latest_bars_come_in_the_short_form(server: AlphaVantageServer) -> None:
    (page,) = client(server).bars(minutes(at(LAST, time(12, 50)), at(LAST, time(13, 0))))
    assert len(page) == 10
    assert (sent(server, "outputsize"), sent(server, "month")) == (["compact"], [None])


def test_bars_before_the_short_form_come_by_their_month(server: AlphaVantageServer) -> None:
    (page,) = client(server).bars(minutes(at(LAST, time(9, 30)), at(LAST, time(9, 40))))
    assert len(page) == 10
    assert (sent(server, "outputsize"), sent(server, "month")) == (["compact", "full"], [None, "2024-11"])


def test_long_range_is_asked_for_month_by_month_in_new_york(server: AlphaVantageServer) -> None:
    start, end = datetime(2024, 11, 1, 2, 0, tzinfo=UTC), datetime(2025, 2, 1, 5, 0, tzinfo=UTC)
    list(client(server).bars(minutes(start, end)))
    asked = [month for month in sent(server, "month") if month]
    assert asked == ["2024-10", "2024-11", "2024-12", "2025-01"]


def test_month_without_bars_is_empty_if_the_symbol_is_known(server: AlphaVantageServer) -> None:
    pages = list(client(server).bars(minutes(at(date(2024, 2, 1), time(9, 30)), at(date(2024, 4, 30), time(16, 0)))))
    assert len(join(pages)) == 780
    functions = sent(server, "function")
    assert functions.count("GLOBAL_QUOTE") == 1


def test_latest_days_come_in_the_short_form(server: AlphaVantageServer) -> None:
    start = datetime(2013, 2, 1, tzinfo=UTC)
    pages = list(client(server).bars(BarRequest("GOOG", "1d", start, start + timedelta(days=60))))
    assert when(join(pages).timestamp[-1]).date() == date(2013, 3, 1)
    assert sent(server, "outputsize") == ["compact"]


def test_days_before_the_short_form_come_in_the_long_one(server: AlphaVantageServer) -> None:
    start = datetime(2012, 2, 1, tzinfo=UTC)
    pages = list(client(server).bars(BarRequest("GOOG", "1d", start, start + timedelta(days=10))))
    assert len(join(pages)) == 8
    assert sent(server, "outputsize") == ["compact", "full"]


def test_adjusted_days_follow_the_adjusted_close_and_the_splits(server: AlphaVantageServer) -> None:
    """A split of 2 for 1 on the fourth day: prices before it are halved, volumes doubled."""
    raw = daily()[:6]
    half = np.array([0.5, 0.5, 0.5, 1, 1, 1])
    server.add("GOOG", "1d", raw)
    adjusted = Bars(raw.timestamp, raw.open, raw.high, raw.low, raw.close * half, raw.volume)
    server.add("GOOG", "1d", adjusted, "all")
    server.splits = {"GOOG": [Split(when(raw.timestamp[3]).date(), 2, 1)]}
    start = when(raw.timestamp[0])
    (page,) = client(server).bars(BarRequest("GOOG", "1d", start, start + timedelta(days=20), Adjustment.ALL))
    assert page.close.tolist() == (raw.close * half).tolist()
    assert page.open.tolist() == (raw.open * half).tolist()
    assert page.volume.tolist() == (raw.volume / half).tolist()


def test_hour_that_the_clock_shows_twice_does_not_fail(server: AlphaVantageServer) -> None:
    """A market that never closes has bars at 01:30 twice on 2024-11-03. Without offsets one of them is left."""
    first = at(date(2024, 11, 3), time(0, 0))
    starts = [first + timedelta(minutes=30 * each) for each in range(8)]
    times = np.array([int(each.timestamp()) * 1_000_000 for each in starts], dtype=np.int64)
    bars = intraday()[:8]
    server.add("BTC", "30m", Bars(times, bars.open, bars.high, bars.low, bars.close, bars.volume))
    pages = list(client(server).bars(BarRequest("BTC", "30m", first, first + timedelta(hours=4))))
    assert [f"{when(each):%H:%M}" for each in join(pages).timestamp] == [
        *("04:00", "04:30", "05:00", "05:30", "07:00", "07:30")
    ]


def test_time_that_the_clock_skips_does_not_fail(server: AlphaVantageServer) -> None:
    first = at(date(2024, 3, 10), time(1, 0))
    times = np.array([int((first + timedelta(minutes=30 * each)).timestamp()) * 1_000_000 for each in range(4)])
    bars = intraday()[:4]
    server.add("BTC", "30m", Bars(times, bars.open, bars.high, bars.low, bars.close, bars.volume))
    pages = list(client(server).bars(BarRequest("BTC", "30m", first, first + timedelta(hours=2))))
    assert join(pages).timestamp.tolist() == times.tolist()


@pytest.mark.parametrize(
    ("document", "error", "words"),
    [
        (
            {"Note": "Thank you for using Alpha Vantage! Our standard API call frequency is 5 calls per minute."},
            RateLimitedError,
            "5 calls per minute",
        ),
        (
            {"Information": "Please consider spreading out your free API requests more sparingly (1 request per second)"
             ". You may subscribe to any of the premium plans to lift the free key rate limit (25 requests per day)."},
            RateLimitedError,
            "25 requests per day",
        ),
        (
            {"Information": "The **demo** API key is for demo purposes only. Please claim your free API key."},
            KeyRefusedError,
            "tickfold data keys set alpha_vantage",
        ),
        (
            {"Error Message": "the parameter apikey is invalid or missing."},
            KeyRefusedError,
            "tickfold data keys set alpha_vantage",
        ),
        (
            {"Information": "Thank you for using Alpha Vantage! This is a premium endpoint."},
            SubscriptionError,
            "premium endpoint",
        ),
        ({"Information": "something new"}, NotSupportedError, "something new"),
    ],
)  # fmt: skip
def test_message_with_status_200_is_the_right_error(
    document: dict[str, str], error: type[ProviderError], words: str
) -> None:
    class Odd(AlphaVantageServer):
        def respond(self, _: Received) -> Reply:
            return Reply(document)

    with Odd() as server, pytest.raises(error, match=words.replace("(", r"\(")) as raised:
        list(client(server).bars(minutes(at(LAST, time(9, 30)), at(LAST, time(16, 0)))))
    assert type(raised.value) is error


@pytest.mark.parametrize(
    "document",
    [
        {"Meta Data": {"6. Time Zone": "Mars/Olympus"}, "Time Series (1min)": {"2024-11-29 09:30:00": {}}},
        {"Meta Data": {}, "Time Series (1min)": {}},
        {"Meta Data": {"6. Time Zone": "US/Eastern"}},
        {"Meta Data": {"6. Time Zone": "US/Eastern"}, "Time Series (1min)": {"2024-11-29 9h": {}}},
        {"Meta Data": {"6. Time Zone": "US/Eastern"}, "Time Series (1min)": {"2024-11-29 09:30:00": {"1. open": "1"}}},
        {"Meta Data": {"6. Time Zone": "US/Eastern"}, "Time Series (1min)": []},
        [],
    ],
)
def test_series_of_another_form_is_an_error(document: object) -> None:
    class Odd(AlphaVantageServer):
        def respond(self, _: Received) -> Reply:
            return Reply(document)

    with Odd() as server, pytest.raises(UnavailableError, match="documented form"):
        list(client(server).bars(minutes(at(LAST, time(9, 30)), at(LAST, time(16, 0)))))


def test_plan_without_the_long_form_still_has_the_latest_bars(server: AlphaVantageServer) -> None:
    server.premium = {"full"}
    (page,) = client(server).bars(minutes(at(LAST, time(12, 0)), at(LAST, time(13, 0))))
    assert len(page) == 60
    with pytest.raises(SubscriptionError):
        list(client(server).bars(minutes(at(LAST, time(9, 30)), at(LAST, time(10, 0)))))


def test_quotes_are_asked_for_one_by_one(server: AlphaVantageServer) -> None:
    server.prices = {"IBM": Price(207.5, 10, 206.0, datetime(2024, 11, 4, 21, tzinfo=UTC))}
    found = client(server).quotes(["IBM", "ZZZZ"])
    assert list(found) == ["IBM"]
    assert (found["IBM"].price, found["IBM"].volume, found["IBM"].time) == (
        *(207.5, 10.0, datetime(2024, 11, 4, tzinfo=UTC)),
    )
    assert len(server.requests) == 2


def test_session_is_complete_at_its_last_minute(server: AlphaVantageServer) -> None:
    (page,) = client(server).bars(minutes(at(LAST, time(9, 30)), at(LAST, time(16, 0))))
    assert page.timestamp.tolist() == session(LAST, intraday()).timestamp.tolist()
