"""Yahoo: its slices and how far back they reach, nulls, the row of the latest trade, and single precision."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.market_data.providers.clock import FakeClock
from tests.market_data.providers.servers.http_server import Received, Reply
from tests.market_data.providers.servers.market_server import Dividend, Price, Split
from tests.market_data.providers.servers.yahoo_server import YahooServer
from tests.market_data.providers.sessions import at, daily, intraday, microseconds, session, when
from tickfold.engine.bars import Bars, join
from tickfold.market_data.corporate_actions import CorporateAction
from tickfold.market_data.providers.failures import NotSupportedError, RateLimitedError, UnavailableError
from tickfold.market_data.providers.http import Http
from tickfold.market_data.providers.provider import Adjustment, BarRequest
from tickfold.market_data.providers.yahoo import Yahoo, _doubles

DAY = date(2024, 11, 29)
ROW = {name: [1] for name in ("open", "high", "low", "close", "volume")}
OPENS, CLOSES = at(DAY, time(9, 30)), at(DAY, time(13, 0))


@pytest.fixture
def server() -> Iterator[YahooServer]:
    with YahooServer() as running:
        running.add("GOOG", "1m", intraday(), "splits")
        running.add("GOOG", "1d", daily(), "splits")
        yield running


def client(server: YahooServer) -> Yahoo:
    clock = FakeClock()
    return Yahoo(Http(clock, clock.sleep), server.url)


def minutes(start: datetime, end: datetime) -> BarRequest:
    return BarRequest("GOOG", "1m", start, end, Adjustment.SPLITS)


def test_minutes_are_asked_for_seven_days_at_a_time(server: YahooServer) -> None:
    start = at(date(2024, 11, 1), time(9, 30))
    assert len(join(list(client(server).bars(minutes(start, CLOSES))))) == 390 * 2 + 210
    assert len(server.requests) == 5


def test_minutes_within_a_month_come_and_older_ones_say_how_far_they_reach(server: YahooServer) -> None:
    server.now = CLOSES
    assert len(join(list(client(server).bars(minutes(CLOSES - timedelta(days=30), CLOSES))))) == 390 * 2 + 210
    with pytest.raises(NotSupportedError, match="within the last 30 days"):
        list(client(server).bars(minutes(CLOSES - timedelta(days=31), CLOSES)))


def test_rows_of_nulls_are_no_bars(server: YahooServer) -> None:
    server.nulls = [int((OPENS - timedelta(minutes=each)).timestamp()) for each in (1, 2)]
    (page,) = client(server).bars(minutes(OPENS - timedelta(minutes=10), CLOSES))
    assert page.timestamp.tolist() == session(DAY, intraday()).timestamp.tolist()


@pytest.mark.parametrize("second", [0, 1, 17])
def test_row_of_the_latest_trade_is_no_bar(server: YahooServer, second: int) -> None:
    """After the close Yahoo adds a row at the time of the last trade, which can be a full minute."""
    last = CLOSES + timedelta(seconds=second)
    server.live = (microseconds(last), 99.0, 99.0, 99.0, 99.0, 0.0)
    server.prices = {"GOOG": server_price(last)}
    (page,) = client(server).bars(minutes(OPENS, CLOSES + timedelta(hours=1)))
    assert when(page.timestamp[-1]) == CLOSES - timedelta(minutes=1)


def test_row_of_the_minute_that_goes_on_is_no_bar(server: YahooServer) -> None:
    """While the session goes on, the last row is at the second of the request, and has the minute's volume so far."""
    server.live = (microseconds(CLOSES + timedelta(seconds=17)), 99.0, 99.0, 99.0, 99.0, 5.0)
    (page,) = client(server).bars(minutes(OPENS, CLOSES + timedelta(hours=1)))
    assert when(page.timestamp[-1]) == CLOSES - timedelta(minutes=1)


def test_day_that_goes_on_is_no_bar(server: YahooServer) -> None:
    now = at(date(2013, 3, 4), time(12, 0))
    server.live = (microseconds(now), 99.0, 99.0, 99.0, 99.0, 5.0)
    server.prices = {"GOOG": server_price(now)}
    request = BarRequest("GOOG", "1d", datetime(2013, 2, 27, tzinfo=UTC), now, Adjustment.SPLITS)
    (page,) = client(server).bars(request)
    assert [f"{when(each):%m-%d}" for each in page.timestamp] == ["02-27", "02-28", "03-01"]


def test_adjusted_days_follow_the_adjusted_close(server: YahooServer) -> None:
    raw = daily()[:4]
    server.add("GOOG", "1d", raw, "splits")
    server.add("GOOG", "1d", Bars(raw.timestamp, raw.open, raw.high, raw.low, raw.close / 2, raw.volume), "all")
    start = when(raw.timestamp[0])
    (page,) = client(server).bars(BarRequest("GOOG", "1d", start, start + timedelta(days=9), Adjustment.ALL))
    assert page.volume.tolist() == raw.volume.tolist()
    # The server's adjusted closes are rounded to single precision, of which 2 ** -24 is the relative error.
    np.testing.assert_allclose(page.close, raw.close / 2, rtol=2.0**-24)
    np.testing.assert_allclose(page.high, raw.high / 2, rtol=2.0**-24)


def test_adjusted_minutes_are_not_supported(server: YahooServer) -> None:
    with pytest.raises(NotSupportedError, match="1d bars only"):
        list(client(server).bars(BarRequest("GOOG", "1m", OPENS, CLOSES, Adjustment.ALL)))


@given(st.lists(st.integers(1, 9_999_999), min_size=1, max_size=50), st.integers(0, 4))
def test_prices_in_single_precision_become_the_decimals_that_they_were(ticks: list[int], decimals: int) -> None:
    """Six or seven digits survive single precision: seven as long as the shortest decimal of the single has them."""
    prices = [round(tick / 10**decimals, decimals) for tick in ticks]
    singles = [float(np.float32(price)) for price in prices]
    found = _doubles(singles).tolist()
    for price, double in zip(prices, found, strict=True):
        assert float(np.float32(double)) == float(np.float32(price))
        if price * 10**decimals < 1_000_000:
            assert double == price


@given(st.floats(0.01, 1e7))
def test_prices_in_double_precision_stay_as_they_are(price: float) -> None:
    (double,) = _doubles([price]).tolist()
    assert double == price or float(np.float32(price)) == price


def test_unix_rate_limit_page_is_a_rate_limit() -> None:
    class Limited(YahooServer):
        def respond(self, _: Received) -> Reply:
            return Reply("Edge: Too Many Requests", headers={"Content-Type": "text/plain"})

    with Limited() as server, pytest.raises(RateLimitedError):
        list(client(server).bars(minutes(OPENS, CLOSES)))


def test_range_before_there_were_data_is_empty(server: YahooServer) -> None:
    server.now = CLOSES
    weekend = minutes(OPENS + timedelta(days=1), OPENS + timedelta(days=2))
    assert list(client(server).bars(weekend)) == []


def test_dividends_are_in_the_shares_of_their_day(server: YahooServer) -> None:
    server.splits = {"GOOG": [Split(date(2014, 4, 3), 2, 1), Split(date(2022, 7, 18), 20, 1)]}
    server.dividends = {"GOOG": [Dividend(date(2014, 4, 1), 8.0), Dividend(date(2022, 7, 18), 0.5)]}
    assert client(server).actions("GOOG", date(2014, 1, 1), date(2015, 1, 1)) == [
        CorporateAction(date(2014, 4, 1), "dividend", 8.0),
        CorporateAction(date(2014, 4, 3), "split", 2.0),
    ]
    assert client(server).actions("GOOG", date(2022, 7, 18), date(2022, 7, 18)) == [
        CorporateAction(date(2022, 7, 18), "dividend", 0.5),
        CorporateAction(date(2022, 7, 18), "split", 20.0),
    ]


@pytest.mark.parametrize(
    "result",
    [
        {"meta": {}, "timestamp": [1], "indicators": {"quote": [{}]}},
        {"meta": {}, "timestamp": [1], "indicators": {}},
        {"timestamp": [60], "indicators": {"quote": [ROW]}},
        {"meta": {}, "timestamp": [60, 120], "indicators": {"quote": [ROW]}},
        None,
    ],
)
def test_chart_of_another_form_is_an_error(result: object) -> None:
    class Odd(YahooServer):
        def respond(self, _: Received) -> Reply:
            return Reply({"chart": {"result": [result] if result else [], "error": None}})

    with Odd() as server, pytest.raises(UnavailableError, match="documented form"):
        list(client(server).bars(minutes(OPENS, CLOSES)))


def server_price(moment: datetime) -> Price:
    return Price(99.0, 5.0, 98.0, moment)
