"""The lease: one holder at a time, until it is released or the time is over."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from tickfold.storage.lease import Lease

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

SECONDS = 60.0
KEY = {"series": "schwab", "entry": "lease"}


class Time:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator["Table"]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield boto3.resource("dynamodb", region_name="us-east-1").create_table(
            TableName="bars",
            KeySchema=[{"AttributeName": "series", "KeyType": "HASH"}, {"AttributeName": "entry", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "series", "AttributeType": "S"},
                {"AttributeName": "entry", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )


def test_acquire_lets_one_hold_it(table: "Table") -> None:
    time = Time()
    first, second = Lease(table, KEY, SECONDS, time), Lease(table, KEY, SECONDS, time)
    assert first.acquire()
    assert second.acquire() is None
    assert first.acquire() is None


def test_release_lets_the_next_acquire(table: "Table") -> None:
    lease = Lease(table, KEY, SECONDS, Time())
    holder = lease.acquire()
    assert holder
    lease.release(holder)
    assert lease.acquire()


def test_lease_that_is_not_released_ends_by_itself(table: "Table") -> None:
    time = Time()
    lease = Lease(table, KEY, SECONDS, time)
    late = lease.acquire()
    time.now += SECONDS - 0.001
    assert lease.acquire() is None
    time.now += 0.001
    assert lease.acquire()
    assert late
    lease.release(late)  # somebody else's by now
    assert lease.acquire() is None


def test_leases_of_other_keys_are_independent(table: "Table") -> None:
    assert Lease(table, KEY, SECONDS, Time()).acquire()
    assert Lease(table, KEY | {"entry": "other"}, SECONDS, Time()).acquire()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["acquire", "release", "wait"]), st.integers(0, 2)), max_size=25))
def test_no_two_hold_it_at_once(table: "Table", events: list[tuple[str, int]]) -> None:
    time = Time()
    leases = [Lease(table, KEY, SECONDS, time) for _ in range(3)]
    held: dict[int, tuple[str, float]] = {}
    for event, who in events:
        holding = {each for each, (_, until) in held.items() if until > time.now}
        if event == "acquire":
            holder = leases[who].acquire()
            assert bool(holder) == (not holding)
            if holder:
                held = {who: (holder, time.now + SECONDS)}
        elif event == "release" and who in held:
            leases[who].release(held.pop(who)[0])
        elif event == "wait":
            time.now += 25
    for who, (holder, _) in held.items():
        leases[who].release(holder)
    time.now += SECONDS
