"""Quotas: concurrent runs, starts in a day, and keys."""

import hashlib
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.aws import RUNS, USERS, rows
from tests.backtests.records import begin
from tickfold.backtests.quota import ROWS_LIVE_SECONDS, Limits
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.errors import RunError, TryLaterError
from tickfold.protocol import Cancelled, Failed
from tickfold.storage.dynamodb import ConditionFailedError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource

DAY = 24 * 3_600
FAILED = Failed(stage="plan", reason="there are no bars")


def entries(dynamodb: "DynamoDBServiceResource") -> dict[str, dict[str, Any]]:
    return {row["entry"]: row for row in rows(dynamodb.Table(USERS))}


def test_start_counts_the_run_and_takes_the_key(runs: RunLifecycle, dynamodb: "DynamoDBServiceResource") -> None:
    begin(runs, "r1", key="mine", request="one")
    begin(runs, "r2")
    found, today = entries(dynamodb), f"day#{datetime.now(UTC):%Y-%m-%d}"
    assert set(found) == {"running", today, "key#mine", "key#r2"}
    assert found["running"]["runs"] == {"r1", "r2"}
    assert found[today]["starts"] == 2
    assert found["key#mine"]["run_id"] == "r1"
    assert found["key#mine"]["digest"] == hashlib.sha256(b"one").hexdigest()
    for name in (today, "key#mine"):
        assert float(found[name]["expires_at"]) - time.time() == pytest.approx(ROWS_LIVE_SECONDS, abs=5)
    assert ROWS_LIVE_SECONDS == 172_800


def test_a_run_that_ends_is_uncounted_and_a_reopened_one_counts(
    runs: RunLifecycle, dynamodb: "DynamoDBServiceResource"
) -> None:
    begin(runs, "r1")
    begin(runs, "r2")
    runs.end("r1", FAILED)
    assert entries(dynamodb)["running"]["runs"] == {"r2"}
    runs.reopen("r1")
    assert entries(dynamodb)["running"]["runs"] == {"r1", "r2"}


def test_concurrent_runs_are_limited_and_each_that_ends_makes_room(runs: RunLifecycle) -> None:
    few = Limits(running=2, daily=100)
    begin(runs, "r1", limits=few)
    begin(runs, "r2", limits=few)
    with pytest.raises(RunError, match=r"^concurrent-run limit reached \(2\): wait until a run ends") as caught:
        begin(runs, "r3", limits=few)
    assert caught.value.code == "limit"
    assert runs.get("r3") is None
    runs.end("r1", Cancelled())
    assert begin(runs, "r3", limits=few).run_id == "r3"
    begin(runs, "b1", "bob", limits=few)


def test_starts_in_a_day_are_limited(runs: RunLifecycle) -> None:
    few = Limits(running=100, daily=2)
    for run_id in ("r1", "r2"):
        begin(runs, run_id, limits=few)
        runs.end(run_id, Cancelled())
    with pytest.raises(TryLaterError, match=r"^daily-run limit reached \(2 starts in a UTC day\)") as caught:
        begin(runs, "r3", limits=few)
    assert caught.value.code == "limit"
    midnight = (int(time.time()) + caught.value.seconds) % DAY
    assert min(midnight, DAY - midnight) <= 60  # as long as the test may take
    begin(runs, "b1", "bob", limits=few)


def test_a_key_starts_one_run_of_its_user(runs: RunLifecycle, dynamodb: "DynamoDBServiceResource") -> None:
    first = begin(runs, "r1", key="mine")
    assert begin(runs, "r2", key="mine") == first
    assert begin(runs, "b1", "bob", key="mine").run_id == "b1"
    assert {row["run_id"] for row in rows(dynamodb.Table(RUNS))} == {"r1", "b1"}
    assert entries(dynamodb)["running"]["runs"] in ({"r1"}, {"b1"})


def test_a_key_is_good_for_one_request(runs: RunLifecycle) -> None:
    begin(runs, "r1", key="mine", request="one")
    with pytest.raises(RunError, match="key 'mine' was used for another request, which started run r1") as caught:
        begin(runs, "r2", key="mine", request="two")
    assert caught.value.code == "conflict"
    assert runs.get("r2") is None


def test_a_known_key_comes_before_limits(runs: RunLifecycle) -> None:
    one = Limits(running=1, daily=1)
    begin(runs, "r1", key="mine", limits=one)
    assert begin(runs, "r2", key="mine", limits=one).run_id == "r1"


def test_a_key_that_has_expired_is_free_though_its_row_remains(
    runs: RunLifecycle, dynamodb: "DynamoDBServiceResource"
) -> None:
    begin(runs, "r1", key="mine")
    dynamodb.Table(USERS).update_item(
        Key={"user_id": "ada", "entry": "key#mine"},
        UpdateExpression="SET expires_at = :past",
        ExpressionAttributeValues={":past": int(time.time()) - 1},
    )
    assert begin(runs, "r2", key="mine").run_id == "r2"


def test_a_start_of_a_run_id_that_exists_is_an_error_of_ours(runs: RunLifecycle) -> None:
    begin(runs, "r1", key="one")
    with pytest.raises(ConditionFailedError):
        begin(runs, "r1", key="two")


def test_a_key_whose_run_is_gone_is_an_error_of_ours(runs: RunLifecycle, dynamodb: "DynamoDBServiceResource") -> None:
    begin(runs, "r1", key="mine")
    dynamodb.Table(RUNS).delete_item(Key={"run_id": "r1", "entry": "run"})
    with pytest.raises(LookupError, match="the record of run r1 is gone"):
        begin(runs, "r2", key="mine")
