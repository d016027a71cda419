"""The circuit breaker: when it opens, how long for, and that one call at a time tries it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.market_data.providers.clock import FakeClock
from tickfold.market_data.providers.circuit_breaker import CircuitBreaker


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def breaker(clock: FakeClock) -> CircuitBreaker:
    return CircuitBreaker(clock, failures=3, cool_down=60)


def fail(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        assert breaker.lets_through()
        breaker.failed()


def test_breaker_opens_after_failures_in_a_row(breaker: CircuitBreaker) -> None:
    fail(breaker, 2)
    assert breaker.state == "closed"
    fail(breaker, 1)
    assert (breaker.state, breaker.lets_through(), breaker.seconds_left) == ("open", False, 60)


def test_success_between_failures_starts_the_count_again(breaker: CircuitBreaker) -> None:
    fail(breaker, 2)
    breaker.succeeded()
    fail(breaker, 2)
    assert breaker.state == "closed"


def test_half_open_breaker_lets_one_call_through(breaker: CircuitBreaker, clock: FakeClock) -> None:
    fail(breaker, 3)
    clock.now += 60
    assert breaker.state == "half-open"
    assert [breaker.lets_through(), breaker.lets_through()] == [True, False]
    breaker.succeeded()
    assert (breaker.state, breaker.lets_through(), breaker.lets_through()) == ("closed", True, True)


def test_half_open_breaker_opens_again_after_one_failure(breaker: CircuitBreaker, clock: FakeClock) -> None:
    fail(breaker, 3)
    clock.now += 61
    fail(breaker, 1)
    assert breaker.seconds_left == 60
    clock.now += 60
    assert breaker.state == "half-open"


def test_abandoned_call_lets_another_try(breaker: CircuitBreaker, clock: FakeClock) -> None:
    fail(breaker, 3)
    clock.now += 60
    assert breaker.lets_through()
    breaker.abandoned()
    assert breaker.lets_through()


@pytest.mark.parametrize(("asked", "seconds"), [(5.0, 60.0), (600.0, 600.0)])
def test_failure_that_says_how_long_opens_at_once(breaker: CircuitBreaker, asked: float, seconds: float) -> None:
    breaker.failed(open_for=asked)
    assert (breaker.state, breaker.seconds_left) == ("open", seconds)


def test_one_failure_after_a_pause_that_was_asked_for_opens_it_again(breaker: CircuitBreaker, clock: FakeClock) -> None:
    breaker.failed(open_for=600)
    clock.now += 600
    fail(breaker, 1)
    assert (breaker.state, breaker.seconds_left) == ("open", 60)


@given(st.lists(st.sampled_from(["ok", "fail", "wait"]), max_size=60))
def test_breaker_never_calls_while_open_and_always_tries_again(events: list[str]) -> None:
    clock = FakeClock()
    breaker = CircuitBreaker(clock, failures=3, cool_down=60)
    row, opened = 0, -1_000.0
    for event in events:
        if event == "wait":
            clock.now += 25
            continue
        through = breaker.lets_through()
        assert through == (clock.now >= opened + 60)
        if not through:
            continue
        if event == "ok":
            breaker.succeeded()
            row, opened = 0, -1_000.0
        else:
            breaker.failed()
            row += 1
            opened = clock.now if row >= 3 else opened
