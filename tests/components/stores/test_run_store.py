"""The grants of the tables of runs and users allow exactly what the stores' methods call."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from components.aws.grant import Grant
from components.stores.quota import QuotaTable
from components.stores.run_store import RunTable
from tests.components.stores.rights import dynamodb_with, granted, recorded
from tickfold.backtests.admission import Admission
from tickfold.backtests.quota import Limits, Quota, Start
from tickfold.backtests.run import Run
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.protocol import Accepted, Cancelled, Failed, Fetching, Planned, parse_config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

RUN = "run-1"
CONFIG = {
    "stock": "AAPL",
    "startDate": "2010-01-01",
    "endDate": "2011-01-01",
    "startCapital": 1,
    "strategy": "sma_cross",
}


def grants() -> dict[str, Grant]:
    runs, users = RunTable("probe", protect=False), QuotaTable("probe", protect=False)
    return {
        "create": Grant.union(runs.may_create(), users.may_start()),
        "read": runs.may_read(),
        "list": runs.may_list(),
        "running": runs.may_find_running(),
        "messages": runs.may_read_messages(),
        "fold": runs.may_fold(),
        "publish": runs.may_publish(),
        "admit": Grant.union(runs.may("UpdateItem"), users.may_activate()),
        "end": Grant.union(runs.may_publish(), users.may_end()),
    }


STACK, GRANTED = granted(grants)


def run_of(run_id: str) -> Run:
    return Run(run_id, "ada", None, "running", datetime.now(UTC), "arn:execution", "{}", sequence=1, chunks=1)


def create(store: RunLifecycle, run_id: str = RUN, key: str = "key") -> Run:
    run = run_of(run_id)
    accepted = Accepted(run_id=run_id, sequence=1, execution_arn=run.execution_arn, config=parse_config(CONFIG))
    return store.create(run, accepted, Start("ada", run_id, key, "request", Limits(9, 9)), already_sent_to="c1")


def create_twice(store: RunLifecycle) -> None:
    create(store, "run-2", "other")
    create(store, "run-3", "other")


def end_and_reopen(store: RunLifecycle) -> None:
    store.end(RUN, Failed(stage="plan", reason="why"))
    store.reopen(RUN)


def set_and_count(store: RunLifecycle) -> None:
    store.set(RUN, bars=1, chunks=1)
    store.note_failure(RUN, "plan", "why")
    store.publish_progress(RUN, store.chunk_done(RUN), 1)


def fold(store: RunLifecycle) -> None:
    with store.only_one_folds(RUN), store.only_one_folds(RUN):
        pass


PLANNED = Planned(symbol="AAPL", timeframe="1d", bars=1, chunks=1, combinations=1)
FETCHING = Fetching(symbol="AAPL", timeframe="1m", bars=0, pieces_done=0, pieces=1)
CALLS: dict[str, tuple[str, Callable[[RunLifecycle], object]]] = {
    "create": ("create", create_twice),
    "get": ("read", lambda store: store.get(RUN)),
    "status": ("read", lambda store: store.status(RUN)),
    "of_user": ("list", lambda store: store.of_user("ada", 10, None)),
    "running": ("running", lambda store: list(store.running())),
    "messages_after": ("messages", lambda store: store.messages_after(RUN, 0)),
    "set, note_failure, chunk_done and publish_progress": ("publish", set_and_count),
    "publish": ("publish", lambda store: store.publish(RUN, PLANNED, once="planned")),
    "publish_fetching": ("publish", lambda store: store.publish_fetching(RUN, FETCHING)),
    "publish_all_done": ("publish", lambda store: store.publish_all_done(RUN, 1)),
    "only_one_folds": ("fold", fold),
    "end": ("end", lambda store: store.end(RUN, Cancelled())),
    "reopen": ("end", end_and_reopen),
}


@pytest.fixture
def dynamodb() -> Iterator["DynamoDBServiceResource"]:
    with dynamodb_with(STACK) as resource:
        yield resource


@pytest.mark.parametrize("methods", CALLS)
def test_grant_allows_exactly_what_the_methods_call(dynamodb: "DynamoDBServiceResource", methods: str) -> None:
    store = RunLifecycle(dynamodb.Table("probe-runs"), Quota(dynamodb.Table("probe-users")))
    grant, call = CALLS[methods]
    create(store)
    with recorded(dynamodb) as called:
        call(store)
    assert called == GRANTED[grant]


def test_every_public_method_has_a_grant() -> None:
    public = {name for kind in RunLifecycle.__mro__ for name in vars(kind) if name[0] != "_" and kind is not object}
    covered = {name for methods in CALLS for name in methods.replace(" and ", ", ").split(", ")}
    assert covered == public


def test_grant_allows_exactly_what_admission_calls(dynamodb: "DynamoDBServiceResource") -> None:
    runs, quota = dynamodb.Table("probe-runs"), Quota(dynamodb.Table("probe-users"))
    create(RunLifecycle(runs, quota))
    with recorded(dynamodb) as called:
        Admission(runs, quota, 1).admit(RUN)
    assert called == GRANTED["admit"]
