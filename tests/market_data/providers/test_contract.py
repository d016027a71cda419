"""What every provider does alike, each against a server that responds as the provider's documentation says."""

import logging
import re
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.market_data.providers.clock import FakeClock
from tests.market_data.providers.servers.fault import Kind
from tests.market_data.providers.servers.market_server import KEY, SECRET, Dividend, MarketServer, Price, Split
from tests.market_data.providers.sessions import MINUTE, SESSIONS, assert_same, at, daily, intraday, session, when
from tests.market_data.providers.subjects import SUBJECTS, Subject
from tickfold.engine.bars import Bars, join
from tickfold.market_data.corporate_actions import CorporateAction
from tickfold.market_data.providers.failures import (
    KeyRefusedError,
    NotSupportedError,
    ProviderError,
    RateLimitedError,
    UnavailableError,
    UnknownSymbolError,
)
from tickfold.market_data.providers.http import Http
from tickfold.market_data.providers.provider import Adjustment, BarRequest, Provider

DAY = date(2024, 3, 8)
READ_SECONDS = 0.2
"""Long for a server in the same process, short for whoever waits for one that never responds."""
OPEN, CLOSE = time(9, 30), time(16, 0)


@pytest.fixture(params=SUBJECTS, ids=lambda subject: subject.name)
def subject(request: pytest.FixtureRequest) -> Subject:
    """The provider under test. Faults of the network are tried on those that use it."""
    found: Subject = request.param
    return found


ONLINE = [subject for subject in SUBJECTS if subject.faults]
online = pytest.mark.parametrize("subject", ONLINE, indirect=True, ids=lambda subject: subject.name)


@pytest.fixture
def server(subject: Subject) -> Iterator[MarketServer]:
    with subject.server() as running:
        for timeframe, bars in (("1m", intraday()), ("5m", intraday(5)), ("1d", daily())):
            running.add("GOOG", timeframe, bars, subject.adjustment)
        yield running


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def provider(subject: Subject, server: MarketServer, clock: FakeClock) -> Provider:
    return subject.build(server, Http(clock, clock.sleep, read_seconds=READ_SECONDS))


@pytest.fixture
def fetch(provider: Provider, subject: Subject) -> Callable[..., list[Bars]]:
    def fetch(start: datetime, end: datetime, timeframe: str = "1m", symbol: str = "GOOG") -> list[Bars]:
        return list(provider.bars(BarRequest(symbol, timeframe, start, end, subject.adjustment)))

    return fetch


def part(bars: Bars, start: datetime, end: datetime, step: timedelta = timedelta(minutes=1)) -> Bars:
    """Return the whole bars of [start, end), found one by one."""
    keep = [start <= when(each) and when(each) + step <= end for each in bars.timestamp]
    return bars[np.array(keep, dtype=np.bool_)]


# Bars


@pytest.mark.parametrize(("day", "closes"), SESSIONS, ids=str)
def test_bars_of_a_session_are_its_minutes(fetch: Callable[..., list[Bars]], day: date, closes: time) -> None:
    """Both changes of the clock, and a half day, whose afternoon has no bars."""
    pages = fetch(at(day, OPEN), at(day, CLOSE))
    assert_same(pages, session(day, intraday()))
    assert when(pages[-1].timestamp[-1]) == at(day, closes) - timedelta(minutes=1)


def test_bars_of_a_year_come_in_pages_in_order(fetch: Callable[..., list[Bars]]) -> None:
    assert_same(fetch(at(date(2024, 3, 1), OPEN), at(date(2024, 12, 31), CLOSE)), intraday())


def test_bars_of_five_minutes_are_those_of_the_timeframe(fetch: Callable[..., list[Bars]]) -> None:
    day = date(2024, 11, 4)
    assert_same(fetch(at(day, OPEN), at(day, CLOSE), "5m"), session(day, intraday(5)))


def test_bars_of_days_are_at_midnight_utc_of_their_dates(fetch: Callable[..., list[Bars]]) -> None:
    pages = fetch(datetime(2004, 1, 1, tzinfo=UTC), datetime(2013, 6, 1, tzinfo=UTC), "1d")
    assert_same(pages, daily())
    assert when(pages[0].timestamp[0]) == datetime(2004, 8, 19, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "count"),
    [
        (timedelta(0), timedelta(minutes=1), 1),
        (timedelta(0), timedelta(seconds=59), 0),
        (timedelta(0), timedelta(0), 0),
        (timedelta(microseconds=1), timedelta(minutes=2), 1),
        (timedelta(seconds=-1), timedelta(minutes=1, seconds=59), 1),
        (timedelta(minutes=5), timedelta(minutes=12), 7),
        (timedelta(minutes=-600), timedelta(minutes=3), 3),
        (timedelta(minutes=389), timedelta(minutes=900), 1),
    ],
)
def test_bars_begin_in_the_range_and_end_in_it(
    fetch: Callable[..., list[Bars]], start: timedelta, end: timedelta, count: int
) -> None:
    opens = at(date(2024, 11, 4), OPEN)
    expected = part(intraday(), opens + start, opens + end)
    assert len(expected) == count
    assert_same(fetch(opens + start, opens + end), expected)


def test_bars_of_a_day_end_with_the_day(fetch: Callable[..., list[Bars]]) -> None:
    """The bar of a session is whole when its date has passed, and not while the session goes on."""
    first, last = datetime(2013, 2, 26, tzinfo=UTC), datetime(2013, 2, 28, tzinfo=UTC)
    expected = part(daily(), first, last, timedelta(days=1))
    assert len(expected) == 2
    assert_same(fetch(first, last, "1d"), expected)
    assert_same(fetch(first, last + timedelta(hours=21), "1d"), expected)


def test_bars_of_a_weekend_are_none(fetch: Callable[..., list[Bars]]) -> None:
    assert fetch(at(date(2024, 3, 9), OPEN), at(date(2024, 3, 10), CLOSE)) == []


def test_bars_of_times_in_another_zone_are_those_of_the_instants(fetch: Callable[..., list[Bars]]) -> None:
    day = date(2024, 3, 11)
    start, end = (at(day, clock).astimezone(ZoneInfo("Asia/Tokyo")) for clock in (OPEN, CLOSE))
    assert_same(fetch(start, end), session(day, intraday()))


@online
def test_bars_that_come_twice_and_backwards_are_put_in_order(
    server: MarketServer, fetch: Callable[..., list[Bars]]
) -> None:
    server.disorderly = True
    assert_same(fetch(at(date(2024, 3, 1), OPEN), at(date(2024, 12, 31), CLOSE)), intraday())


def test_bars_begin_again_after_any_page(server: MarketServer, fetch: Callable[..., list[Bars]]) -> None:
    end = at(date(2024, 12, 1), CLOSE)
    for page in fetch(at(date(2024, 3, 1), OPEN), end):
        following = when(page.timestamp[-1] + MINUTE)
        assert_same(fetch(following, end), part(intraday(), following, end))


def test_bars_of_an_unknown_symbol_are_an_error(fetch: Callable[..., list[Bars]]) -> None:
    with pytest.raises(UnknownSymbolError, match="ZZZZ") as raised:
        fetch(at(date(2024, 3, 8), OPEN), at(date(2024, 3, 8), CLOSE), symbol="ZZZZ")
    assert raised.value.code == "not_found"
    assert not raised.value.provider_at_fault


def test_bars_of_a_delisted_symbol_end_with_its_last(
    server: MarketServer, subject: Subject, fetch: Callable[..., list[Bars]]
) -> None:
    gone = intraday()[:390]
    server.add("GONE", "1m", gone, subject.adjustment)
    assert_same(fetch(at(date(2024, 3, 1), OPEN), at(date(2024, 12, 1), CLOSE), symbol="GONE"), gone)


def test_bars_of_an_unsupported_timeframe_say_which_there_are(
    fetch: Callable[..., list[Bars]],
) -> None:
    with pytest.raises(NotSupportedError, match="7m bars are not supported"):
        fetch(at(date(2024, 3, 8), OPEN), at(date(2024, 3, 8), CLOSE), "7m")


def test_bars_of_an_unsupported_adjustment_say_which_there_are(provider: Provider) -> None:
    missing = [each for each in Adjustment if each not in (*provider.limits.adjustments, Adjustment.ANY)]
    for adjustment in missing:
        request = BarRequest("GOOG", "1m", at(date(2024, 3, 8), OPEN), at(date(2024, 3, 8), CLOSE), adjustment)
        with pytest.raises(
            NotSupportedError, match=f"adjustment {adjustment} .* it has {provider.limits.adjustments[0]}"
        ):
            list(provider.bars(request))


def test_bars_of_any_adjustment_are_those_that_the_provider_prefers(server: MarketServer, provider: Provider) -> None:
    server.add("ACME", "1m", intraday()[:5], provider.limits.adjustments[0])
    request = BarRequest("ACME", "1m", at(date(2024, 3, 8), OPEN), at(date(2024, 3, 8), CLOSE), Adjustment.ANY)
    assert_same(list(provider.bars(request)), intraday()[:5])


# Quotes and corporate actions


@online
def test_quotes_are_those_of_the_symbols_that_are_known(server: MarketServer, provider: Provider) -> None:
    time = datetime(2024, 11, 4, 20, 59, 59, tzinfo=UTC)
    server.prices = {"GOOG": Price(171.25, 1_234_567, 170.5, time), "IBM": Price(207.5, 10, 206.0, time)}
    assert provider.limits.quotes
    found = provider.quotes(["GOOG", "ZZZZ", "IBM"])
    assert set(found) == {"GOOG", "IBM"}
    quote = found["GOOG"]
    assert (quote.symbol, quote.price, quote.previous_close) == ("GOOG", 171.25, 170.5)
    assert quote.volume in (1_234_567.0, None)
    assert quote.time.utcoffset() == timedelta(0)
    assert quote.time.date() == time.date()


def test_actions_are_those_with_ex_dates_in_the_range(server: MarketServer, provider: Provider) -> None:
    server.splits = {
        "GOOG": [Split(date(2014, 4, 3), 2, 1), Split(date(2022, 7, 18), 20, 1), Split(date(2023, 1, 3), 1, 8)]
    }
    server.dividends = {
        "GOOG": [Dividend(date(2022, 7, 1), 0.5), Dividend(date(2023, 6, 9), 0.1), Dividend(date(2023, 6, 10), 0.2)]
    }
    start, end = date(2022, 7, 1), date(2023, 6, 9)
    if not provider.limits.actions:
        with pytest.raises(NotSupportedError, match="splits"):
            provider.actions("GOOG", start, end)
        return
    assert provider.actions("GOOG", start, end) == [
        CorporateAction(date(2022, 7, 1), "dividend", 0.5),
        CorporateAction(date(2022, 7, 18), "split", 20.0),
        CorporateAction(date(2023, 1, 3), "split", 0.125),
        CorporateAction(date(2023, 6, 9), "dividend", 0.1),
    ]


# Faults

FAULTS: list[tuple[Kind, dict[str, Any], type[ProviderError]]] = [
    (Kind.STATUS, {"status": 500}, UnavailableError),
    (Kind.STATUS, {"status": 502}, UnavailableError),
    (Kind.STATUS, {"status": 501}, UnavailableError),
    (Kind.STATUS, {"status": 307, "headers": {"Location": "http://127.0.0.1:1/"}}, UnavailableError),
    (Kind.STATUS, {"status": 429, "headers": {"Retry-After": "2"}}, RateLimitedError),
    (Kind.STATUS, {"status": 429, "headers": {"Retry-After": "600"}}, RateLimitedError),
    (Kind.SLOW, {}, UnavailableError),
    (Kind.NOT_JSON, {}, UnavailableError),
    (Kind.WRONG_SHAPE, {}, UnavailableError),
    (Kind.TRUNCATED, {}, UnavailableError),
    (Kind.HALF_A_PAGE, {}, UnavailableError),
    (Kind.REVOKED, {}, KeyRefusedError),
    (Kind.RATE_TEXT, {}, RateLimitedError),
]
CASES = [
    pytest.param(subject, fault, id=f"{subject.name}-{fault[0].name}-{fault[1].get('status', '')}")
    for subject in SUBJECTS
    for fault in FAULTS
    if fault[0] in subject.faults
]


@pytest.mark.parametrize(("subject", "fault"), CASES, indirect=["subject"])
def test_bars_under_a_fault_are_the_right_error(
    server: MarketServer,
    subject: Subject,
    fetch: Callable[..., list[Bars]],
    caplog: pytest.LogCaptureFixture,
    fault: tuple[Kind, dict[str, Any], type[ProviderError]],
) -> None:
    kind, settings, error = fault
    caplog.set_level(logging.DEBUG)
    server.switch(kind, **settings)
    with pytest.raises(error, match=rf"^{subject.name}: ") as raised:
        fetch(at(DAY, OPEN), at(DAY, CLOSE))
    assert type(raised.value) is error
    assert raised.value.provider_at_fault
    assert raised.value.retryable == (error is not KeyRefusedError)
    shown = "".join(traceback.format_exception(raised.value)) + caplog.text + repr(raised.value)
    assert KEY not in shown
    assert SECRET not in shown
    assert not re.search("https?://127", str(raised.value))


@online
def test_bars_from_a_provider_that_is_down_are_an_error(server: MarketServer, fetch: Callable[..., list[Bars]]) -> None:
    server.stop()
    with pytest.raises(UnavailableError, match="cannot be connected to"):
        fetch(at(DAY, OPEN), at(DAY, CLOSE))


@online
@pytest.mark.parametrize("kind", [Kind.STATUS, Kind.TRUNCATED, Kind.SLOW])
def test_bars_under_a_fault_that_passes_are_complete(
    server: MarketServer, fetch: Callable[..., list[Bars]], kind: Kind
) -> None:
    server.switch(kind, times=1)
    assert_same(fetch(at(DAY, OPEN), at(DAY, CLOSE)), session(DAY, intraday()))


@online
def test_failure_after_some_pages_loses_and_repeats_nothing(
    server: MarketServer, provider: Provider, subject: Subject, fetch: Callable[..., list[Bars]]
) -> None:
    start, end = at(date(2024, 3, 1), OPEN), at(date(2024, 12, 1), CLOSE)
    assert len(fetch(start, end)) > 1
    server.switch(Kind.STATUS, after=len(server.requests) // 2, status=503)
    pages = list[Bars]()

    def consume() -> None:
        for page in provider.bars(BarRequest("GOOG", "1m", start, end, subject.adjustment)):
            pages.append(page)

    with pytest.raises(UnavailableError):
        consume()
    assert 0 < len(join(pages)) < len(intraday())
    server.fault = None
    assert_same([*pages, *fetch(when(pages[-1].timestamp[-1] + MINUTE), end)], intraday())


# Secrets


def test_repr_shows_no_secret(provider: Provider) -> None:
    shown = repr(provider) + "".join(repr(value) for name, value in vars(provider).items() if name != "_headers")
    assert KEY not in shown
    assert SECRET not in shown
