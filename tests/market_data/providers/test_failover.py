"""Failover: who answers, where the next provider goes on, and what the error says when all have failed."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest

from tests.market_data.providers.clock import FakeClock
from tests.market_data.providers.servers.alpaca_server import AlpacaServer
from tests.market_data.providers.servers.alpha_vantage_server import AlphaVantageServer
from tests.market_data.providers.servers.fault import Kind
from tests.market_data.providers.servers.market_server import KEY, SECRET, Price, Split
from tests.market_data.providers.servers.schwab_server import SchwabServer
from tests.market_data.providers.sessions import assert_same, at, intraday, session, when
from tickfold.errors import RunError, is_retryable
from tickfold.market_data.providers.alpaca import Alpaca, AlpacaKey
from tickfold.market_data.providers.alpha_vantage import AlphaVantage, AlphaVantageKey
from tickfold.market_data.providers.failover import Answer, Failover
from tickfold.market_data.providers.failures import AllProvidersFailedError
from tickfold.market_data.providers.http import Http
from tickfold.market_data.providers.provider import Adjustment, BarRequest, Provider
from tickfold.market_data.providers.schwab import Schwab, SchwabToken

DAY = date(2024, 3, 8)
REQUEST = BarRequest("GOOG", "1m", at(DAY, time(9, 30)), at(DAY, time(16, 0)))


class Market:
    """Three servers, the first two with bars as traded, and a failover over the first two."""

    def __init__(self, stack: ExitStack) -> None:
        self.clock = FakeClock()
        self.alpaca = stack.enter_context(AlpacaServer())
        self.alpha_vantage = stack.enter_context(AlphaVantageServer())
        self.schwab = stack.enter_context(SchwabServer())
        http = Http(self.clock, self.clock.sleep)
        self.providers: list[Provider] = [
            Alpaca(AlpacaKey(KEY, SECRET), http, self.alpaca.url),
            AlphaVantage(AlphaVantageKey(KEY), http, self.alpha_vantage.url),
        ]
        self.third = Schwab(SchwabToken(lambda: KEY), http, self.schwab.url)
        self.failover = Failover(self.providers, self.clock)

    def answers(self, request: BarRequest = REQUEST) -> list[Answer]:
        return list(self.failover.bars(request))


@pytest.fixture
def market() -> Iterator[Market]:
    with ExitStack() as stack:
        market = Market(stack)
        market.alpaca.add("GOOG", "1m", intraday())
        market.alpha_vantage.add("GOOG", "1m", intraday())
        market.schwab.add("GOOG", "1m", intraday(), "splits")
        yield market


def names(answers: list[Answer]) -> list[str]:
    return [answer.provider for answer in answers]


def test_bars_come_from_the_first_provider(market: Market) -> None:
    answers = market.answers()
    assert {(answer.provider, answer.adjustment) for answer in answers} == {("alpaca", Adjustment.RAW)}
    assert market.alpha_vantage.requests == []


def test_bars_come_from_the_next_when_the_first_is_down(market: Market, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    market.alpaca.stop()
    answers = market.answers()
    assert set(names(answers)) == {"alpha_vantage"}
    assert_same([answer.bars for answer in answers], session(DAY, intraday()))
    assert "alpaca: cannot be connected to" in caplog.text


def test_failure_in_the_middle_goes_on_at_the_first_missing_bar(market: Market) -> None:
    """The second provider has other prices, so that a bar that it repeated, or one that mixed both, would show."""
    bars = intraday()
    market.alpha_vantage.add("GOOG", "1m", type(bars)(
        bars.timestamp, bars.open + 0.5, bars.high + 0.5, bars.low + 0.5, bars.close + 0.5, bars.volume
    ))  # fmt: skip
    market.alpaca.switch(Kind.STATUS, after=1, status=503)
    first, second = market.answers()
    assert (first.provider, second.provider) == ("alpaca", "alpha_vantage")
    expected = session(DAY, bars)
    assert_same([first.bars], expected[:300])
    assert second.bars.timestamp.tolist() == expected.timestamp[300:].tolist()
    assert second.bars.close.tolist() == (expected.close[300:] + 0.5).tolist()


def test_failure_after_the_last_bar_asks_nobody_else(market: Market) -> None:
    market.alpaca.page_size = 390
    market.alpaca.eager_tokens = True
    market.alpaca.switch(Kind.STATUS, after=1, status=503)
    failover = Failover([market.providers[0], market.third], market.clock)
    answers = list(failover.bars(BarRequest("GOOG", "1m", REQUEST.start, REQUEST.end, Adjustment.ANY)))
    assert names(answers) == ["alpaca"]
    assert len(market.alpaca.requests) > 1
    assert market.schwab.requests == []


def test_symbol_that_the_first_does_not_know_is_asked_of_the_next(market: Market) -> None:
    market.alpha_vantage.add("ACME", "1m", intraday())
    request = BarRequest("ACME", "1m", REQUEST.start, REQUEST.end)
    assert set(names(market.answers(request))) == {"alpha_vantage"}


def test_symbol_that_nobody_knows_names_who_was_asked(market: Market) -> None:
    with pytest.raises(AllProvidersFailedError) as raised:
        market.answers(BarRequest("ZZZZ", "1m", REQUEST.start, REQUEST.end))
    assert str(raised.value) == (
        "no provider has 1m bars of ZZZZ from 2024-03-08 14:30Z: alpaca: unknown or delisted symbol ZZZZ; "
        "alpha_vantage: unknown or delisted symbol ZZZZ"
    )
    assert (raised.value.code, is_retryable(raised.value)) == ("not_found", False)


def test_weekend_of_a_known_symbol_is_empty_and_asks_one_provider(market: Market) -> None:
    weekend = BarRequest("GOOG", "1m", REQUEST.end, REQUEST.end + timedelta(days=2))
    assert market.answers(weekend) == []
    assert market.alpha_vantage.requests == []


def test_all_failing_is_one_error_with_each_reason(market: Market) -> None:
    market.alpaca.switch(Kind.REVOKED)
    market.alpha_vantage.switch(Kind.RATE_TEXT)
    with pytest.raises(AllProvidersFailedError) as raised:
        market.answers()
    text = str(raised.value)
    assert "alpaca: the API key is refused" in text
    assert "alpha_vantage: the rate limit is reached" in text
    assert KEY not in text
    assert (raised.value.code, is_retryable(raised.value)) == ("limit", True)


def test_error_after_some_pages_says_from_where_bars_are_missing(market: Market) -> None:
    market.alpaca.switch(Kind.STATUS, after=1, status=503)
    market.alpha_vantage.stop()
    answers = market.failover.bars(REQUEST)
    assert len(next(answers).bars) == 300
    with pytest.raises(AllProvidersFailedError, match="from 2024-03-08 19:30Z"):
        next(answers)


def test_provider_that_keeps_failing_is_left_alone_and_then_tried_again(market: Market) -> None:
    market.alpaca.switch(Kind.NOT_JSON)
    for _ in range(3):
        market.answers()
    asked = len(market.alpaca.requests)
    market.answers()
    assert len(market.alpaca.requests) == asked
    market.alpaca.fault = None
    market.clock.now += 60
    assert set(names(market.answers())) == {"alpaca"}
    assert set(names(market.answers())) == {"alpaca"}


def test_provider_that_asks_for_patience_gets_it(market: Market) -> None:
    market.alpaca.switch(Kind.STATUS, status=429, headers={"Retry-After": "600"})
    market.answers()
    market.alpaca.fault = None
    market.clock.now += 599
    assert set(names(market.answers())) == {"alpha_vantage"}
    market.clock.now += 1
    assert set(names(market.answers())) == {"alpaca"}


def test_providers_that_are_left_alone_are_named(market: Market) -> None:
    failover = Failover(market.providers[:1], market.clock)
    market.alpaca.switch(Kind.NOT_JSON)
    for _ in range(3):
        with pytest.raises(AllProvidersFailedError, match="not JSON"):
            list(failover.bars(REQUEST))
    with pytest.raises(AllProvidersFailedError, match=r"alpaca: left alone after failures in a row, for 60 s more"):
        list(failover.bars(REQUEST))


def test_unknown_symbols_do_not_count_against_a_provider(market: Market) -> None:
    for symbol in ("AAAA", "BBBB", "CCCC", "DDDD"):
        with pytest.raises(AllProvidersFailedError):
            market.answers(BarRequest(symbol, "1m", REQUEST.start, REQUEST.end))
    assert set(names(market.answers())) == {"alpaca"}


def test_reader_who_stops_in_the_middle_blocks_no_later_one(market: Market) -> None:
    market.alpaca.switch(Kind.NOT_JSON)
    for _ in range(3):
        market.answers()
    market.alpaca.fault = None
    market.clock.now += 60
    half = market.failover.bars(REQUEST)
    next(half)
    half.close()  # type: ignore[attr-defined]  # a generator
    assert set(names(market.answers())) == {"alpaca"}


def test_any_adjustment_lets_every_provider_answer(market: Market) -> None:
    failover = Failover([*market.providers, market.third], market.clock)
    market.alpaca.stop()
    market.alpha_vantage.stop()
    recent = BarRequest("GOOG", "1m", REQUEST.start, REQUEST.end, Adjustment.ANY)
    (answer,) = failover.bars(recent)
    assert (answer.provider, answer.adjustment) == ("schwab", Adjustment.SPLITS)
    with pytest.raises(AllProvidersFailedError, match="schwab: prices with adjustment raw are not supported"):
        list(failover.bars(REQUEST))


@pytest.mark.parametrize("after", range(5))
def test_each_bar_comes_once_wherever_providers_fail(market: Market, after: int) -> None:
    market.alpaca.page_size = 97
    market.alpaca.switch(Kind.TRUNCATED, after=after)
    answers = market.answers()
    assert_same([answer.bars for answer in answers], session(DAY, intraday()))
    assert names(answers) == ["alpaca"] * after + ["alpha_vantage"]


def test_quotes_that_the_first_lacks_come_from_the_next(market: Market) -> None:
    moment = datetime(2024, 11, 4, 21, tzinfo=UTC)
    market.alpha_vantage.prices = {"IBM": Price(207.5, 10, 206.0, moment)}
    found = market.failover.quotes(["GOOG", "IBM", "ZZZZ"])
    assert {symbol: answer.provider for symbol, answer in found.items()} == {"GOOG": "alpaca", "IBM": "alpha_vantage"}
    assert market.failover.quotes([]) == {}


def test_quotes_when_all_fail_are_an_error(market: Market) -> None:
    market.alpaca.stop()
    market.alpha_vantage.switch(Kind.NOT_JSON)
    with pytest.raises(AllProvidersFailedError, match=r"no provider has quotes of GOOG: alpaca: .*; alpha_vantage: "):
        market.failover.quotes(["GOOG"])


def test_actions_come_from_the_first_that_has_them(market: Market) -> None:
    market.alpaca.splits = {"GOOG": [Split(date(2022, 7, 18), 20, 1)]}
    failover = Failover([market.third, *market.providers], market.clock)
    answer = failover.actions("GOOG", date(2022, 1, 1), date(2023, 1, 1))
    assert answer.provider == "alpaca"
    assert [action.value for action in answer.actions] == [20.0]
    with pytest.raises(AllProvidersFailedError, match="schwab: splits and dividends are not supported"):
        Failover([market.third], market.clock).actions("GOOG", date(2022, 1, 1), date(2023, 1, 1))


def test_order_needs_providers_each_once(market: Market) -> None:
    for providers in ([], [market.third, market.third]):
        with pytest.raises(RunError, match="each once"):
            Failover(providers)


def test_pages_of_one_session_end_where_the_next_begin(market: Market) -> None:
    answers = market.answers()
    for before, after in pairwise(answers):
        assert when(before.bars.timestamp[-1]) + timedelta(minutes=1) == when(after.bars.timestamp[0])
