"""Schwab: the token of each request, slices, whole days in place of a range, and refusals."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest

from tests.market_data.providers.clock import FakeClock
from tests.market_data.providers.servers.fault import Kind
from tests.market_data.providers.servers.http_server import Received, Reply
from tests.market_data.providers.servers.market_server import KEY, Price
from tests.market_data.providers.servers.schwab_server import SchwabServer
from tests.market_data.providers.sessions import at, daily, intraday
from tickfold.engine.bars import join
from tickfold.market_data.providers.failures import (
    KeyRefusedError,
    NotSupportedError,
    UnavailableError,
    UnknownSymbolError,
)
from tickfold.market_data.providers.http import Http
from tickfold.market_data.providers.provider import Adjustment, BarRequest
from tickfold.market_data.providers.schwab import Schwab, SchwabToken

DAY = date(2024, 3, 8)
REQUEST = BarRequest("GOOG", "1m", at(DAY, time(9, 30)), at(DAY, time(16, 0)), Adjustment.SPLITS)


@pytest.fixture
def server() -> Iterator[SchwabServer]:
    with SchwabServer() as running:
        running.add("GOOG", "1m", intraday(), "splits")
        running.add("GOOG", "1d", daily(), "splits")
        yield running


def client(server: SchwabServer, *tokens: str) -> Schwab:
    clock, left = FakeClock(), iter(tokens)
    token = SchwabToken(lambda: next(left)) if tokens else SchwabToken(lambda: KEY)
    return Schwab(token, Http(clock, clock.sleep), server.url)


def test_each_request_carries_the_token_of_its_time(server: SchwabServer) -> None:
    schwab = client(server, KEY, "next")
    list(schwab.bars(REQUEST))
    server.key = "next"
    list(schwab.bars(REQUEST))
    assert [request.headers["authorization"] for request in server.requests] == [f"Bearer {KEY}", "Bearer next"]


def test_bars_leave_out_what_is_before_and_after_the_session(server: SchwabServer) -> None:
    list(client(server).bars(REQUEST))
    assert {request.query["needExtendedHoursData"] for request in server.requests} == {"false"}


def test_long_range_is_asked_for_in_slices_of_ten_days(server: SchwabServer) -> None:
    start, end = at(date(2024, 2, 20), time(12, 0)), at(date(2024, 3, 20), time(12, 0))
    pages = list(client(server).bars(BarRequest("GOOG", "1m", start, end, Adjustment.SPLITS)))
    assert len(join(pages)) == 780
    edges = [(int(request.query["startDate"]), int(request.query["endDate"])) for request in server.requests]
    assert edges[0][0] == start.timestamp() * 1_000
    assert edges[-1][1] == end.timestamp() * 1_000
    assert [first for first, _ in edges[1:]] == [last for _, last in edges[:-1]]


def test_day_that_two_slices_share_comes_once(server: SchwabServer) -> None:
    """Ten days from 11:00 on 2024-03-01 end at 11:00 on the 11th: both responses hold that day from its opening."""
    start, end = at(date(2024, 3, 1), time(11, 0)), at(date(2024, 3, 12), time(16, 0))
    pages = list(client(server).bars(BarRequest("GOOG", "1m", start, end, Adjustment.SPLITS)))
    assert join(pages).timestamp.tolist() == intraday().timestamp[:780].tolist()
    assert len(server.requests) == 2


def test_decades_of_days_come_in_slices(server: SchwabServer) -> None:
    start, end = datetime(1995, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)
    pages = list(client(server).bars(BarRequest("GOOG", "1d", start, end, Adjustment.SPLITS)))
    assert join(pages).timestamp.tolist() == daily().timestamp.tolist()
    assert {request.query["periodType"] for request in server.requests} == {"year"}


def test_refused_token_says_how_to_log_in(server: SchwabServer) -> None:
    with pytest.raises(KeyRefusedError, match="tickfold auth schwab"):
        list(client(server, "expired").bars(REQUEST))


@pytest.mark.parametrize("status", [401, 403])
def test_refusal_of_either_status_is_of_the_token(server: SchwabServer, status: int) -> None:
    server.switch(Kind.STATUS, status=status)
    with pytest.raises(KeyRefusedError):
        list(client(server).bars(REQUEST))


def test_history_that_is_not_found_is_of_an_unknown_symbol(server: SchwabServer) -> None:
    server.switch(Kind.STATUS, status=404)
    with pytest.raises(UnknownSymbolError, match="GOOG"):
        list(client(server).bars(REQUEST))


def test_refusal_of_another_kind_repeats_its_words_without_the_token() -> None:
    class Odd(SchwabServer):
        def respond(self, _: Received) -> Reply:
            return Reply({"errors": [{"detail": f"bad date for {KEY}"}]}, 400)

    with Odd() as server, pytest.raises(NotSupportedError, match=r"bad date for \*\*\*") as raised:
        list(client(server).bars(REQUEST))
    assert KEY not in str(raised.value)


@pytest.mark.parametrize(
    "document",
    [
        {"candles": [{"open": 1, "high": 1, "low": 1, "close": 1, "volume": 1}]},
        {"candles": [{"open": 1, "high": 1, "low": 1, "close": "NaN", "volume": 1, "datetime": 1}]},
        {"candles": None},
        [],
    ],
)
def test_history_of_another_form_is_an_error(document: object) -> None:
    class Odd(SchwabServer):
        def respond(self, _: Received) -> Reply:
            return Reply(document)

    with Odd() as server, pytest.raises(UnavailableError, match="documented form"):
        list(client(server).bars(REQUEST))


def test_quotes_come_in_one_request(server: SchwabServer) -> None:
    moment = datetime(2024, 11, 4, 20, 59, 59, 123000, tzinfo=UTC)
    server.prices = {"IBM": Price(207.5, 10, 206.0, moment), "GOOG": Price(171.25, 12, 170.5, moment)}
    found = client(server).quotes(["IBM", "GOOG", "ZZZZ"])
    assert {symbol: (quote.price, quote.previous_close) for symbol, quote in found.items()} == {
        "IBM": (207.5, 206.0),
        "GOOG": (171.25, 170.5),
    }
    assert found["IBM"].time == moment
    assert len(server.requests) == 1


def test_prices_as_traded_are_not_promised(server: SchwabServer) -> None:
    with pytest.raises(NotSupportedError, match="it has splits"):
        list(client(server).bars(BarRequest("GOOG", "1m", REQUEST.start, REQUEST.start + timedelta(minutes=1))))
