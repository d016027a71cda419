"""The rate limiter: requests are spaced, also those of several threads."""

import threading
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.market_data.providers.clock import FakeClock
from tickfold.market_data.providers.rate_limit import RateLimiter


def test_wait_without_a_limit_never_sleeps() -> None:
    clock = FakeClock()
    limiter = RateLimiter(None, clock, clock.sleep)
    for _ in range(5):
        limiter.wait()
    assert clock.naps == []


@given(st.integers(1, 600), st.lists(st.floats(0, 120), min_size=1, max_size=30))
def test_wait_lets_no_two_requests_through_within_an_interval(per_minute: int, gaps: list[float]) -> None:
    clock = FakeClock()
    limiter = RateLimiter(per_minute, clock, clock.sleep)
    times = []
    for gap in gaps:
        clock.now += gap
        limiter.wait()
        times.append(clock.now)
    # Each time is a sum of some rounded terms: the tolerance is theirs.
    apart = [second - first for first, second in pairwise(times)]
    assert all(each >= 60 / per_minute - 1e-9 * max(times[-1], 1) for each in apart)


def test_wait_of_threads_gives_each_a_turn_of_its_own() -> None:
    naps, lock = list[float](), threading.Lock()

    def note(seconds: float) -> None:
        with lock:
            naps.append(seconds)

    limiter = RateLimiter(60, lambda: 0.0, note)
    threads = [threading.Thread(target=limiter.wait) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(naps) == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
