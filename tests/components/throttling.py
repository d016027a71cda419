"""A model of Lambda's concurrency limit: executions that share slots, and retry as the definition says.

A task that finds no slot free fails with Lambda.TooManyRequestsException, as one that Step Functions invokes does.
Time is simulated; the only chance is the jitter, drawn from a seed.
"""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple

import numpy as np

THROTTLED = "Lambda.TooManyRequestsException"

Retriers = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Outcome:
    """How many chunks were simulated and how many failed, when the last one ended, and how often one was throttled."""

    done: int
    failed: int
    seconds: float
    throttles: int


class _Event(NamedTuple):
    """A chunk of `run` is begun, after so many `throttles`; or, if it `ends`, its slot becomes free."""

    time: float
    order: int
    run: int
    throttles: int
    ends: bool


class _Clock:
    """The events to come, in the order of their times; those of one time in the order of their planning."""

    def __init__(self) -> None:
        self.events: list[_Event] = []
        self._order = count()

    def plan(self, time: float, run: int, *, throttles: int = 0, ends: bool = False) -> None:
        heapq.heappush(self.events, _Event(time, next(self._order), run, throttles, ends))


def simulate_runs(
    retriers: Retriers, *, slots: int, runs: int, chunks: int, at_once: int, seed: int = 0, task_seconds: float = 1.0
) -> Outcome:
    """Simulate so many `runs` that start together, each with `chunks`, of which `at_once` are begun at a time."""
    jitter, clock, free = np.random.default_rng(seed), _Clock(), slots
    waiting = [chunks - min(chunks, at_once)] * runs
    for run in range(runs):
        for _ in range(min(chunks, at_once)):
            clock.plan(0.0, run)
    done = failed = throttles = 0
    now = 0.0
    while clock.events:
        now, _, run, throttled, ends = heapq.heappop(clock.events)
        if not ends and free:
            free -= 1
            clock.plan(now + task_seconds, run, ends=True)
            continue
        if ends:
            free, done = free + 1, done + 1
        else:
            throttles += 1
            delay = longest_delay(retriers, THROTTLED, throttled)
            if delay is not None:
                clock.plan(now + jitter.uniform(0, delay), run, throttles=throttled + 1)
                continue
            failed += 1
        if waiting[run]:
            waiting[run] -= 1
            clock.plan(now, run)
    return Outcome(done, failed, now, throttles)


def longest_delay(retriers: Retriers, error: str, retries: int) -> float | None:
    """Return the longest delay before a retry after `retries` others, or None if the first that matches has no more."""
    for retrier in retriers:
        if {error, "States.TaskFailed", "States.ALL"}.isdisjoint(retrier["ErrorEquals"]):
            continue
        if retries >= retrier["MaxAttempts"]:
            return None
        return float(min(retrier["MaxDelaySeconds"], retrier["IntervalSeconds"] * retrier["BackoffRate"] ** retries))
    return None
