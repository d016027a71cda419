"""The rate of requests: so many a user in a minute of the clock."""

from typing import TYPE_CHECKING

import pytest

from tests.aws import USERS, rows
from tickfold.errors import TryLaterError
from tickfold.realtime.request_rate import RequestRate

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource

MINUTE = 1_769_783_400


def test_request_above_the_limit_waits_for_the_next_minute(dynamodb: "DynamoDBServiceResource") -> None:
    time = [MINUTE + 0.0]
    rate = RequestRate(dynamodb.Table(USERS), 2, lambda: time[0])
    for _ in range(2):
        rate.check("ada")
    for passed, seconds in ((0.0, 60), (59.9, 1)):
        time[0] = MINUTE + passed
        with pytest.raises(TryLaterError) as refused:
            rate.check("ada")
        assert (refused.value.code, refused.value.seconds) == ("limit", seconds)
        assert str(refused.value) == f"request limit reached (2 in a minute): try again in {seconds} s"
    time[0] = MINUTE + 60
    rate.check("ada")


def test_users_have_limits_of_their_own(dynamodb: "DynamoDBServiceResource") -> None:
    rate = RequestRate(dynamodb.Table(USERS), 1, lambda: MINUTE)
    for user in ("ada", "bob"):
        rate.check(user)
        with pytest.raises(TryLaterError):
            rate.check(user)


def test_counter_expires_once_its_minute_is_over(dynamodb: "DynamoDBServiceResource") -> None:
    RequestRate(dynamodb.Table(USERS), 1, lambda: MINUTE + 5).check("ada")
    (row,) = rows(dynamodb.Table(USERS))
    assert (row["entry"], row["requests"]) == (f"requests#{MINUTE}", 1)
    assert MINUTE + 60 < row["expires_at"] <= MINUTE + 24 * 3_600
