"""The table of runs: records, and messages without gaps or repetitions."""

import json
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.aws import RUNS, USERS, rows
from tests.backtests.records import CONFIG, NOW, begin, result
from tickfold.backtests.run import Failure, Run
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.backtests.run_store import (
    MESSAGES_LIVE_SECONDS,
    PROGRESS_SECONDS,
    PROGRESS_STEPS,
    RECORDS_LIVE_SECONDS,
    RunStore,
)
from tickfold.protocol import Cancelled, Failed, Fetching, Partial, Planned, dump

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource

PLANNED = Planned(symbol="AAPL", timeframe="1d", bars=10, chunks=100)
FAILED = Failed(stage="plan", reason="there are no bars")


def messages(runs: RunStore, run_id: str = "r1", after: int = 0) -> list[dict[str, Any]]:
    return [json.loads(body) for body in runs.messages_after(run_id, after)]


def types(runs: RunStore, run_id: str = "r1") -> list[str]:
    return [message["type"] for message in messages(runs, run_id)]


def record(runs: RunStore, run_id: str = "r1") -> Run:
    run = runs.get(run_id)
    assert run is not None
    return run


def entry(dynamodb: "DynamoDBServiceResource", name: str) -> dict[str, Any]:
    (row,) = (row for row in rows(dynamodb.Table(RUNS)) if row["entry"] == name)
    return row


# --- records ---------------------------------------------------------------------------------------------------------


def test_create_records_the_run_and_its_first_message(runs: RunLifecycle) -> None:
    begun = begin(runs, portfolio="growth")
    assert runs.get("r1") == begun
    (accepted,) = messages(runs)
    assert (accepted["type"], accepted["runId"], accepted["sequence"]) == ("accepted", "r1", 1)
    assert runs.get("r2") is None
    assert (runs.status("r1"), runs.status("r2")) == ("running", None)


def test_message_rows_have_what_delivery_needs(runs: RunLifecycle, dynamodb: "DynamoDBServiceResource") -> None:
    begin(runs, portfolio="growth")
    runs.publish("r1", PLANNED, once="planned")
    first, second = entry(dynamodb, "event#000001"), entry(dynamodb, "event#000002")
    assert first["topics"] == second["topics"] == ["run#r1", "user#ada", "portfolio#growth"]
    assert (first["already_sent_to"], second.get("already_sent_to")) == ("c1", None)
    assert json.loads(second["body"]) == json.loads(dump(PLANNED)) | {"runId": "r1", "sequence": 2}
    assert float(second["appended_at"]) / 1_000 == pytest.approx(time.time(), abs=5)


def test_messages_expire_after_a_week_and_records_after_ninety_days(
    runs: RunLifecycle, dynamodb: "DynamoDBServiceResource"
) -> None:
    begin(runs)
    now = time.time()
    assert float(entry(dynamodb, "event#000001")["expires_at"]) - now == pytest.approx(7 * 86_400, abs=5)
    assert float(entry(dynamodb, "run")["expires_at"]) - now == pytest.approx(90 * 86_400, abs=5)
    assert (MESSAGES_LIVE_SECONDS, RECORDS_LIVE_SECONDS) == (604_800, 7_776_000)
    assert [row["entry"] for row in rows(dynamodb.Table(USERS)) if "expires_at" not in row] == ["running"]


def test_set_changes_fields_of_a_record_that_exists(runs: RunLifecycle, dynamodb: "DynamoDBServiceResource") -> None:
    begun = begin(runs)
    runs.set("r1", chunks=4, bars=250)
    assert runs.get("r1") == replace(begun, chunks=4)
    assert entry(dynamodb, "run")["bars"] == 250
    with pytest.raises(Exception, match="ConditionalCheckFailed"):
        runs.set("r2", chunks=4)
    assert runs.get("r2") is None


def test_note_failure_records_stage_and_reason(runs: RunLifecycle) -> None:
    begin(runs)
    runs.note_failure("r1", "simulate", "chunk 1: no bars")
    assert record(runs).failure == Failure("simulate", "chunk 1: no bars")


def test_chunk_done_counts_without_a_write_of_the_record(
    runs: RunLifecycle, dynamodb: "DynamoDBServiceResource"
) -> None:
    begin(runs)
    before = entry(dynamodb, "run")
    assert [runs.chunk_done("r1") for _ in range(3)] == [1, 2, 3]
    assert entry(dynamodb, "run") == before


def test_counter_of_chunks_is_in_no_index_and_expires(runs: RunLifecycle, dynamodb: "DynamoDBServiceResource") -> None:
    begin(runs)
    runs.chunk_done("r1")
    counter = entry(dynamodb, "chunks_done")
    assert {"user_id", "status", "created_at"}.isdisjoint(counter)
    assert float(counter["expires_at"]) - time.time() == pytest.approx(RECORDS_LIVE_SECONDS, abs=5)
    assert messages(runs)[1:] == []


def test_runs_of_a_user_are_listed_newest_first_page_by_page(runs: RunLifecycle) -> None:
    for number in range(5):
        begin(runs, f"r{number}", created_at=NOW + timedelta(minutes=number))
    begin(runs, "other", "bob")
    first, before = runs.of_user("ada", 2, None)
    assert ([run.run_id for run in first], before) == (["r4", "r3"], (NOW + timedelta(minutes=3)).isoformat())
    second, before = runs.of_user("ada", 3, before)
    assert [run.run_id for run in second] == ["r2", "r1", "r0"]
    third, after = runs.of_user("ada", 3, before) if before else ([], None)
    assert (third, after) == ([], None)
    assert runs.of_user("carol", 3, None) == ([], None)


# --- messages --------------------------------------------------------------------------------------------------------


def test_publish_once_is_there_once(runs: RunLifecycle) -> None:
    begin(runs)
    for _ in range(2):
        runs.publish("r1", PLANNED, once="planned")
    runs.publish("r1", Partial(piece=1, pieces=1, equity=[]), once="partial 1")
    assert types(runs) == ["accepted", "planned", "partial"]
    assert record(runs).published == {"planned", "partial 1"}
    assert record(runs).sequence == 3


def test_publish_to_a_run_that_has_ended_or_is_unknown_is_nothing(runs: RunLifecycle) -> None:
    begin(runs)
    runs.end("r1", Cancelled())
    runs.publish("r1", PLANNED, once="planned")
    runs.publish("r2", PLANNED, once="planned")
    assert types(runs) == ["accepted", "cancelled"]
    assert not messages(runs, "r2")


def test_messages_after_a_sequence_are_in_order(runs: RunLifecycle) -> None:
    begin(runs)
    for number in range(1, 12):
        runs.publish("r1", Partial(piece=number, pieces=11, equity=[]), once=f"partial {number}")
    begin(runs, "r2", "bob")
    assert [message["sequence"] for message in messages(runs)] == list(range(1, 13))
    assert [message["sequence"] for message in messages(runs, after=10)] == [11, 12]
    assert not messages(runs, after=12)


def test_a_message_that_was_appended_meanwhile_is_not_overwritten(runs: RunLifecycle) -> None:
    """The second writer has read the record before the first wrote: it must read again, and be numbered after it."""

    class Late(RunStore):
        def get(self, run_id: str) -> Run | None:
            found = super().get(run_id)
            if not messages(runs)[1:]:
                runs.publish(run_id, PLANNED, once="planned")
            return found

    begin(runs)
    Late(runs._table).publish("r1", Partial(piece=1, pieces=1, equity=[]), once="partial 1")
    assert [(message["type"], message["sequence"]) for message in messages(runs)] == [
        ("accepted", 1),
        ("planned", 2),
        ("partial", 3),
    ]


def test_a_message_that_is_too_large_is_never_stored(runs: RunLifecycle) -> None:
    begin(runs)
    with pytest.raises(ValueError, match="at most 32,000 can be sent"):
        runs.publish("r1", Partial(piece=1, pieces=1, equity=[(10**12, 1.5)] * 3_000), once="partial 1")
    assert len(messages(runs)) == 1


# --- progress --------------------------------------------------------------------------------------------------------


def told(runs: RunStore) -> list[tuple[int, int]]:
    return [(each["chunksDone"], each["chunks"]) for each in messages(runs) if each["type"] == "progress"]


@pytest.mark.parametrize(("done", "published"), [(19, False), (20, True), (21, False), (40, True), (1_000, True)])
def test_progress_is_published_fifty_times_at_most(runs: RunLifecycle, done: int, published: bool) -> None:
    begin(runs)
    runs.publish_progress("r1", done, 1_000)
    assert told(runs) == ([(done, 1_000)] if published else [])
    assert PROGRESS_STEPS == 50


def test_progress_is_not_published_again_within_half_a_second(runs: RunLifecycle) -> None:
    begin(runs)
    runs.publish_progress("r1", 20, 1_000)
    runs.publish_progress("r1", 40, 1_000)
    assert told(runs) == [(20, 1_000)]
    runs.set("r1", progress_at=str(time.time() - PROGRESS_SECONDS - 0.01))
    runs.publish_progress("r1", 60, 1_000)
    assert told(runs) == [(20, 1_000), (60, 1_000)]
    assert (record(runs).chunks_done, PROGRESS_SECONDS) == (60, 0.5)
    assert record(runs).progress_at == pytest.approx(time.time(), abs=5)


def test_progress_never_goes_backwards(runs: RunLifecycle) -> None:
    begin(runs)
    runs.set("r1", chunks_done=40)
    runs.publish_progress("r1", 40, 1_000)
    runs.publish_progress("r1", 20, 1_000)
    assert not told(runs)


def test_progress_counts_no_more_chunks_than_there_are(runs: RunLifecycle) -> None:
    begin(runs)
    runs.publish_progress("r1", 5, 4)
    assert told(runs) == [(4, 4)]


def fetched(runs: RunStore) -> list[tuple[int, int]]:
    return [(each["piecesDone"], each["pieces"]) for each in messages(runs) if each["type"] == "fetching"]


def fetching(done: int, pieces: int = 1_000) -> Fetching:
    return Fetching(symbol="A", timeframe="1m", bars=done, pieces_done=done, pieces=pieces)


@pytest.mark.parametrize(("done", "published"), [(0, True), (19, False), (20, True), (21, False), (1_000, True)])
def test_fetch_is_published_fifty_times_at_most(runs: RunLifecycle, done: int, published: bool) -> None:
    begin(runs)
    runs.publish_fetching("r1", fetching(done))
    assert fetched(runs) == ([(done, 1_000)] if published else [])


def test_fetch_is_not_published_again_within_half_a_second_but_for_its_end(runs: RunLifecycle) -> None:
    begin(runs)
    for done in (0, 20, 40, 1_000):
        runs.publish_fetching("r1", fetching(done))
    assert fetched(runs) == [(0, 1_000), (1_000, 1_000)]
    runs.set("r1", progress_at=str(time.time() - PROGRESS_SECONDS - 0.01))
    runs.publish_fetching("r1", fetching(1, 2))
    assert fetched(runs)[2:] == [(1, 2)]


def test_fetch_of_a_run_that_has_ended_is_not_published(runs: RunLifecycle) -> None:
    begin(runs)
    runs.end("r1", Cancelled())
    runs.publish_fetching("r1", fetching(0))
    runs.publish_fetching("r1", fetching(1_000))
    assert not fetched(runs)


def test_progress_gives_way_to_another_message(runs: RunLifecycle) -> None:
    class Overtaken(RunStore):
        def get(self, run_id: str) -> Run | None:
            found = super().get(run_id)
            runs.publish(run_id, PLANNED, once="planned")
            return found

    begin(runs)
    Overtaken(runs._table).publish_progress("r1", 20, 1_000)
    assert types(runs) == ["accepted", "planned"]


def test_all_done_is_published_once_and_not_for_a_run_that_ended(runs: RunLifecycle) -> None:
    begin(runs)
    for _ in range(2):
        runs.publish_all_done("r1", 7)
    assert told(runs) == [(7, 7)]
    assert record(runs).chunks_done == 7
    runs.end("r1", FAILED)
    runs.publish_all_done("r1", 8)
    assert told(runs) == [(7, 7)]


# --- the end ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "status"), [(result(), "succeeded"), (FAILED, "failed"), (Cancelled(), "cancelled")]
)
def test_a_run_ends_once(runs: RunLifecycle, message: Any, status: str) -> None:
    begin(runs)
    ended = runs.end("r1", message)
    assert ended is not None
    assert ended == message.model_copy(update={"run_id": "r1", "sequence": 2})
    assert runs.end("r1", FAILED) is None
    now = record(runs)
    assert (now.status, now.ended_with, now.sequence) == (status, dump(ended), 2)
    assert now.result == (now.ended_with if status == "succeeded" else None)
    assert runs.messages_after("r1", 1) == [now.ended_with]
    assert runs.end("r2", FAILED) is None


def test_the_connection_that_ended_a_run_is_noted(runs: RunLifecycle, dynamodb: "DynamoDBServiceResource") -> None:
    begin(runs)
    runs.end("r1", Cancelled(), already_sent_to="c7")
    assert entry(dynamodb, "event#000002")["already_sent_to"] == "c7"


def test_only_a_failed_run_is_reopened(runs: RunLifecycle) -> None:
    for run_id in ("r1", "r2", "r3"):
        begin(runs, run_id)
    runs.end("r1", FAILED)
    runs.end("r2", Cancelled())
    for run_id in ("r1", "r2", "r3"):
        for _ in range(2):
            runs.reopen(run_id)
    assert [types(runs, run_id) for run_id in ("r1", "r2", "r3")] == [
        ["accepted", "failed", "reopened"],
        ["accepted", "cancelled"],
        ["accepted"],
    ]
    assert runs.status("r1") == "running"


def test_config_of_the_record_is_the_requested_one(runs: RunLifecycle) -> None:
    assert begin(runs).request == dump(CONFIG)
