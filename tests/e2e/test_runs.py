"""The lifecycle of runs on the emulator's DynamoDB: gapless messages, a single end, quotas, idempotency keys."""

import json
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from embedded.stack import EmbeddedStack
from tests.e2e import records
from tests.e2e.records import run_lifecycle
from tickfold.backtests.quota import Limits
from tickfold.backtests.run import Run
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.backtests.run_store import PROGRESS_STEPS
from tickfold.errors import RunError
from tickfold.protocol import Cancelled, Failed, Final, Partial, Planned, Reopened, dump, parse_message

PLANNED = Planned(symbol="AAPL", timeframe="1d", bars=10, chunks=100)
FAILED = Failed(stage="plan", reason="there are no bars")
THREADS = 8


@pytest.fixture(scope="module")
def runs(stack: EmbeddedStack) -> RunLifecycle:
    return run_lifecycle(stack)


@pytest.fixture
def user() -> str:
    return f"user-{secrets.token_hex(4)}"


Begin = Callable[..., Run]


@pytest.fixture
def begin(runs: RunLifecycle, user: str) -> Begin:
    """Start a run of the user; return its record."""

    def begin(user: str = user, **terms: Any) -> Run:
        return records.begin(runs, user, **terms)

    return begin


def messages(runs: RunLifecycle, run_id: str) -> list[dict[str, Any]]:
    return [json.loads(body) for body in runs.messages_after(run_id, 0)]


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, range(count)))


# --- messages --------------------------------------------------------------------------------------------------------


def test_messages_of_concurrent_writers_have_no_gaps(runs: RunLifecycle, begin: Begin) -> None:
    run_id = begin().run_id

    def publish(number: int) -> None:
        runs.publish(run_id, Partial(piece=number + 1, pieces=40, equity=[]), once=f"partial {number}")

    at_once(40, publish)
    found = messages(runs, run_id)
    assert [message["sequence"] for message in found] == list(range(1, 42))
    assert sorted(message["piece"] for message in found[1:]) == list(range(1, 41))


def test_message_published_once_by_concurrent_writers_is_stored_once(runs: RunLifecycle, begin: Begin) -> None:
    run_id = begin().run_id
    at_once(16, lambda _: runs.publish(run_id, PLANNED, once="planned"))
    assert [message["type"] for message in messages(runs, run_id)] == ["accepted", "planned"]


def test_run_ends_once_and_accepts_no_message_after(runs: RunLifecycle, begin: Begin) -> None:
    run = begin()
    ends: list[Final] = [FAILED, Cancelled()] * 4
    ended = [message for message in at_once(8, lambda n: runs.end(run.run_id, ends[n])) if message]
    runs.publish(run.run_id, PLANNED, once="planned")
    found = messages(runs, run.run_id)
    assert len(ended) == 1
    assert found[1:] == [json.loads(dump(ended[0]))]
    now = runs.get(run.run_id)
    assert now is not None
    assert now.ended_with is not None
    assert parse_message(now.ended_with) == ended[0]


def test_failed_run_can_be_reopened_and_cancelled_run_cannot(runs: RunLifecycle, begin: Begin) -> None:
    failed, cancelled = begin().run_id, begin().run_id
    runs.end(failed, FAILED)
    runs.end(cancelled, Cancelled())
    for run_id in (failed, cancelled):
        runs.reopen(run_id)
        runs.reopen(run_id)
        runs.publish(run_id, PLANNED, once="planned")
    assert [message["type"] for message in messages(runs, failed)] == ["accepted", "failed", "reopened", "planned"]
    assert [message["type"] for message in messages(runs, cancelled)] == ["accepted", "cancelled"]


def test_progress_of_ten_thousand_chunks_is_coalesced(runs: RunLifecycle, begin: Begin) -> None:
    run_id = begin().run_id
    runs.set(run_id, chunks=10_000)
    for done in [*range(1, 401)] * 2:
        runs.publish_progress(run_id, done, 10_000)
    published = [message["chunksDone"] for message in messages(runs, run_id)[1:]]
    assert 1 <= len(published) <= 6  # one in half a second, and the loops take a few seconds at most
    assert published == sorted(set(published))
    assert all(done % (10_000 // PROGRESS_STEPS) == 0 for done in published)


def test_final_progress_is_published_once(runs: RunLifecycle, begin: Begin) -> None:
    run_id = begin().run_id
    at_once(4, lambda _: runs.publish_all_done(run_id, 7))
    assert [(m["type"], m.get("chunksDone")) for m in messages(runs, run_id)] == [("accepted", None), ("progress", 7)]


def test_message_larger_than_a_frame_is_not_stored(runs: RunLifecycle, begin: Begin) -> None:
    run_id = begin().run_id
    with pytest.raises(ValueError, match=r"at most 32,000 can be sent"):
        runs.publish(run_id, Partial(piece=1, pieces=1, equity=[(10**12, 1.5)] * 3_000), once="partial 1")
    assert len(messages(runs, run_id)) == 1


def test_every_row_expires_except_running_runs(stack: EmbeddedStack, runs: RunLifecycle, begin: Begin) -> None:
    run = begin()
    runs.end(run.run_id, Cancelled())
    client = stack.client("dynamodb")
    rows = [
        row
        for table, key, value in (("runs", "run_id", run.run_id), ("users", "user_id", run.user_id))
        for row in client.query(
            TableName=stack.outputs[f"{table}_table"],
            KeyConditionExpression=f"{key} = :value",
            ExpressionAttributeValues={":value": {"S": value}},
        )["Items"]
    ]
    lasting = [row["entry"]["S"] for row in rows if "expires_at" not in row]
    assert lasting == ["running"]
    assert "runs" not in next(row for row in rows if row["entry"]["S"] == "running")  # it is empty


# --- starts ----------------------------------------------------------------------------------------------------------


def test_idempotency_key_starts_one_run_under_concurrency(runs: RunLifecycle, begin: Begin) -> None:
    started = at_once(8, lambda _: begin(key="mine").run_id)
    assert len(set(started)) == 1
    assert [message["type"] for message in messages(runs, started[0])] == ["accepted"]


def test_idempotency_key_belongs_to_its_user(begin: Begin) -> None:
    assert begin(key="same", user="ann").run_id != begin(key="same", user="bob").run_id


def test_idempotency_key_is_bound_to_its_request(begin: Begin) -> None:
    first = begin(key="mine", request="one")
    with pytest.raises(
        RunError, match=f"key 'mine' was used for another request, which started run {first.run_id}"
    ) as e:
        begin(key="mine", request="two")
    assert e.value.code == "conflict"


def test_concurrent_run_limit_is_released_when_runs_end(runs: RunLifecycle, begin: Begin) -> None:
    few = Limits(running=2, daily=100)
    going = [begin(limits=few), begin(limits=few)]
    with pytest.raises(RunError, match=r"concurrent-run limit reached \(2\)") as refused:
        begin(limits=few)
    assert refused.value.code == "limit"
    runs.end(going[0].run_id, FAILED)
    begin(limits=few)
    with pytest.raises(RunError, match="concurrent-run limit reached"):
        begin(limits=few)
    runs.reopen(going[0].run_id)  # no limit holds that back, but it counts
    runs.end(going[1].run_id, Cancelled())
    with pytest.raises(RunError, match="concurrent-run limit reached"):
        begin(limits=few)


def test_daily_run_limit_is_enforced(runs: RunLifecycle, begin: Begin) -> None:
    few = Limits(running=100, daily=2)
    for _ in range(2):
        runs.end(begin(limits=few).run_id, Cancelled())
    with pytest.raises(RunError, match=r"daily-run limit reached \(2 starts in a UTC day\)") as refused:
        begin(limits=few)
    assert refused.value.code == "limit"


def test_limits_hold_under_concurrency(begin: Begin) -> None:
    def attempt(_number: int) -> bool:
        try:
            begin(limits=Limits(running=3, daily=100))
        except RunError:
            return False
        return True

    assert sum(at_once(12, attempt)) == 3


def test_refused_start_leaves_no_rows(runs: RunLifecycle, begin: Begin, user: str) -> None:
    none = Limits(running=1, daily=100)
    begin(limits=none)
    with pytest.raises(RunError):
        begin(key="later", limits=none)
    (only,), _ = runs.of_user(user, 10, None)
    runs.end(only.run_id, Cancelled())
    assert begin(key="later", limits=none).run_id != only.run_id


# --- lists -----------------------------------------------------------------------------------------------------------


def test_runs_are_listed_newest_first_by_page(runs: RunLifecycle, begin: Begin, user: str) -> None:
    started = [begin().run_id for _ in range(5)]
    begin(user="somebody else")
    listed: list[str] = []
    before: str | None = None
    while True:
        page, before = runs.of_user(user, 2, before)
        listed += [run.run_id for run in page]
        if before is None:
            break
    assert listed == started[::-1]


def test_reopened_run_publishes_reopened(runs: RunLifecycle, begin: Begin) -> None:
    run_id = begin().run_id
    runs.end(run_id, FAILED)
    runs.reopen(run_id)
    assert parse_message(runs.messages_after(run_id, 2)[0]) == Reopened(run_id=run_id, sequence=3)
