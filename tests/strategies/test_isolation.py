"""Isolation: work in a child process that ends at a time limit, whatever it does."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tickfold.errors import RunError
from tickfold.strategies.isolation import ChildEndedError, isolated, restart_timer

SOON = 0.3


def ended_by(work: Callable[[], Any], seconds: float = 20) -> ChildEndedError:
    with pytest.raises(ChildEndedError) as caught:
        list(isolated(work, seconds))
    return caught.value


def test_items_arrive_in_order_and_one_by_one() -> None:
    parent = os.getpid()

    def work() -> Iterator[tuple[int, bool]]:
        for number in range(3):
            yield number, os.getpid() == parent

    assert list(isolated(work, 20)) == [(0, False), (1, False), (2, False)]


def test_error_of_the_work_is_raised_with_its_fields() -> None:
    def work() -> list[int]:
        raise RunError("no bars", "limit")

    with pytest.raises(RunError, match=r"^no bars$") as caught:
        list(isolated(work, 20))
    assert caught.value.code == "limit"


def loop() -> list[int]:
    while True:
        pass


def stubborn_loop() -> list[int]:
    """Ignore every signal that Python can handle, and every exception."""
    while True:
        try:
            time.sleep(60)
        except BaseException:  # noqa: S112
            continue


def sleep() -> list[int]:
    time.sleep(60)
    return []


def long_call_into_c() -> list[int]:
    return [sum(range(10**13))]


@pytest.mark.parametrize("work", [loop, stubborn_loop, long_call_into_c, sleep])
def test_work_without_end_is_ended_at_the_limit(work: Callable[[], Any]) -> None:
    began = time.monotonic()
    assert ended_by(work, SOON).timed_out
    assert SOON <= time.monotonic() - began < SOON + 5


def test_time_of_the_caller_does_not_count() -> None:
    found = []
    for number in isolated(lambda: iter(range(3)), SOON):
        time.sleep(SOON)
        found.append(number)
    assert found == [0, 1, 2]


def test_time_of_all_items_counts() -> None:
    def work() -> Iterator[int]:
        for number in range(10):
            time.sleep(SOON / 3)
            yield number

    items = isolated(work, SOON)
    assert next(items) == 0
    with pytest.raises(ChildEndedError):
        list(items)


def test_restarted_timer_gives_the_whole_time_again() -> None:
    def work() -> Iterator[int]:
        for number in range(4):
            restart_timer(1)
            time.sleep(SOON)
            yield number

    assert list(isolated(work, SOON / 2 + SOON)) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("work", "cause"),
    [
        (lambda: os._exit(3), "ended its process with exit code 3"),
        (lambda: os.kill(os.getpid(), signal.SIGXCPU), "crashed (SIGXCPU)"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "ran out of memory"),
    ],
)
def test_end_of_the_child_is_told(work: Callable[[], Any], cause: str) -> None:
    error = ended_by(work)
    assert (error.timed_out, error.cause) == (False, cause)


def test_child_ends_with_the_callers_interest() -> None:
    items = isolated(lambda: ((os.getpid(), number) for number in range(10**6)), 20)
    child, _ = next(items)
    items.close()  # type: ignore[attr-defined]
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def without_timer() -> list[int]:
    signal.setitimer(signal.ITIMER_REAL, 0)
    return loop()


def ignoring_the_timer() -> list[int]:
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    return loop()


def leaving_a_process_behind() -> list[int]:
    if os.fork() == 0:
        time.sleep(60)
    os._exit(0)


@pytest.mark.parametrize("work", [without_timer, ignoring_the_timer, leaving_a_process_behind])
def test_work_that_evades_the_kernel_is_ended_by_the_parent(work: Callable[[], Any]) -> None:
    began = time.monotonic()
    assert ended_by(work, SOON).timed_out
    assert time.monotonic() - began < SOON + 10


def test_what_the_child_started_ends_with_it() -> None:
    def work() -> Iterator[int]:
        child = os.fork()
        if child == 0:
            time.sleep(60)
        yield child

    (started,) = isolated(work, 20)
    deadline = time.monotonic() + 10
    while is_running(started):  # an orphan that was killed is gone when its new parent has taken note
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
