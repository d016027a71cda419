"""The interface: what a request may be, what limits say, and what failures say together."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tickfold.errors import is_retryable
from tickfold.market_data.providers.failures import (
    AllProvidersFailedError,
    KeyMissingError,
    NotSupportedError,
    ProviderError,
    RateLimitedError,
    UnavailableError,
    UnknownSymbolError,
    all_failed,
)
from tickfold.market_data.providers.provider import Adjustment, BarRequest, Limits

TIME = datetime(2024, 3, 8, 14, 30, tzinfo=UTC)


def test_request_holds_times_in_utc() -> None:
    local = TIME.astimezone(timezone(timedelta(hours=9)))
    request = BarRequest("GOOG", "1m", local, local + timedelta(hours=1))
    assert (request.start.tzinfo, request.start) == (UTC, TIME)


@pytest.mark.parametrize(
    ("timeframe", "start", "end", "message"),
    [
        ("1min", TIME, TIME, "not a timeframe"),
        ("1m", TIME.replace(tzinfo=None), TIME, "time zone"),
        ("1m", TIME, TIME.replace(tzinfo=None), "time zone"),
        ("1m", TIME, TIME - timedelta(seconds=1), "before start"),
    ],
)
def test_request_that_makes_no_sense_is_an_error(timeframe: str, start: datetime, end: datetime, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BarRequest("GOOG", timeframe, start, end)


def test_limits_give_any_adjustment_the_first() -> None:
    limits = Limits(("1m",), (Adjustment.SPLITS, Adjustment.ALL))
    assert limits.check("acme", BarRequest("GOOG", "1m", TIME, TIME, Adjustment.ANY)) is Adjustment.SPLITS
    assert limits.check("acme", BarRequest("GOOG", "1m", TIME, TIME, Adjustment.ALL)) is Adjustment.ALL


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (BarRequest("GOOG", "2h", TIME, TIME, Adjustment.ALL), "acme: 2h bars are not supported; it has 1m, 1d"),
        (
            BarRequest("GOOG", "1d", TIME, TIME),
            "acme: prices with adjustment raw are not supported; it has splits, all",
        ),
    ],
)
def test_limits_refuse_what_is_not_supported_and_say_what_is(request_: BarRequest, message: str) -> None:
    with pytest.raises(NotSupportedError) as raised:
        Limits(("1m", "1d"), (Adjustment.SPLITS, Adjustment.ALL)).check("acme", request_)
    assert str(raised.value) == message


def test_limits_say_how_far_a_timeframe_reaches() -> None:
    limits = Limits(("1m", "1d"), (Adjustment.RAW,), history={"1m": timedelta(days=30)})
    assert limits.longest_history("1m") == timedelta(days=30)
    assert limits.longest_history("1d") is None


def test_missing_key_says_how_to_store_one() -> None:
    message = "alpaca: no API key is stored; run `tickfold data keys set alpaca`"
    assert str(KeyMissingError("alpaca", "API key")) == message


@pytest.mark.parametrize(
    ("failures", "code", "retryable"),
    [
        ([UnknownSymbolError("a", "X"), UnknownSymbolError("b", "X")], "not_found", False),
        ([UnknownSymbolError("a", "X"), UnavailableError("b", "is down")], "internal", True),
        ([KeyMissingError("a", "key"), RateLimitedError("b", "too many", 5)], "limit", True),
        ([KeyMissingError("a", "key"), UnknownSymbolError("b", "X")], "invalid", False),
        ([UnavailableError("a", "is down")], "internal", True),
    ],
)
def test_all_failed_names_each_reason_and_whether_it_may_pass(
    failures: list[ProviderError], code: str, retryable: bool
) -> None:
    error = all_failed("1m bars of X", failures)
    assert isinstance(error, AllProvidersFailedError)
    assert str(error) == "no provider has 1m bars of X: " + "; ".join(str(failure) for failure in failures)
    assert (error.code, is_retryable(error)) == (code, retryable)
