"""The grants of the hot table allow exactly what the methods of the store and of the watch list call."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from components.aws.grant import Grant
from components.stores.hot_store import HotTable
from tests.components.stores.rights import dynamodb_with, granted, recorded
from tickfold.market_data.feed.feed_state import FeedState
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.minute_bar import FeedBar, MinuteBar
from tickfold.market_data.feed.watch_list import WatchList

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

NINE_THIRTY = datetime(2026, 1, 30, 14, 30, tzinfo=UTC)
BAR = FeedBar(1, MinuteBar(NINE_THIRTY, 10.0, 12.0, 9.0, 11.0, 100.0), None, 10.5, "file")
STATE = FeedState(revision=1, sequence=1, last_time=NINE_THIRTY, provider="file")


def grants() -> dict[str, Grant]:
    table = HotTable("probe", protect=False)
    return {
        "append": table.may_append(),
        "read": table.may_read(),
        "read bars": table.may_read_bars(),
        "read states": table.may_read_states(),
        "note compaction": table.may_note_compaction(),
        "delete": table.may_delete(),
        "find uncompacted": table.may_find_uncompacted(),
        "list": table.may_list(),
        "hold lease": table.may_hold_lease(),
        "watch": table.may_watch(),
    }


STACK, GRANTED = granted(grants)


def append(store: HotStore) -> None:
    before = store.state("GOOG")
    after = replace(before, revision=before.revision + 1, sequence=2)
    assert store.append("GOOG", before, after, [replace(BAR, sequence=2)])


def read(store: HotStore) -> None:
    store.state("GOOG")
    list(store.newest_first("GOOG"))
    list(store.oldest_first("GOOG"))
    store.last_session("GOOG")
    list(store.bars_after("GOOG", 0))
    list(store.quarantined("GOOG"))


def read_list(watch_list: WatchList) -> None:
    watch_list.all()
    watch_list.watched("GOOG")
    watch_list.ever()


def watch(watch_list: WatchList) -> None:
    watch_list.add(["AAPL"], "XNYS", "ada")
    watch_list.remove(["GOOG"])
    watch_list.all()
    watch_list.ever()


STORE_CALLS: dict[str, tuple[str, Callable[[HotStore], object]]] = {
    "state and append": ("append", append),
    "state, bars_after, oldest_first, newest_first, last_session and quarantined": ("read", read),
    "bars_after": ("read bars", lambda store: list(store.bars_after("GOOG", 0))),
    "states": ("read states", lambda store: store.states(["GOOG"])),
    "uncompacted": ("find uncompacted", lambda store: store.uncompacted(["GOOG"], NINE_THIRTY)),
    "set_compacted": ("note compaction", lambda store: store.set_compacted("GOOG", 1)),
    "delete": ("delete", lambda store: store.delete("GOOG", [1])),
}
LIST_CALLS: dict[str, tuple[str, Callable[[WatchList], object]]] = {
    "all, watched and ever": ("list", read_list),
    "add, remove and all": ("watch", watch),
}


@pytest.fixture
def dynamodb() -> Iterator["DynamoDBServiceResource"]:
    with dynamodb_with(STACK) as resource:
        table = resource.Table("probe-bars")
        HotStore(table).append("GOOG", FeedState(), STATE, [BAR])
        WatchList(table).add(["GOOG"], "XNYS", "ada")
        yield resource


@pytest.mark.parametrize("methods", STORE_CALLS)
def test_grant_allows_exactly_what_the_store_calls(dynamodb: "DynamoDBServiceResource", methods: str) -> None:
    grant, call = STORE_CALLS[methods]
    with recorded(dynamodb) as called:
        call(HotStore(dynamodb.Table("probe-bars")))
    assert called == GRANTED[grant]


@pytest.mark.parametrize("methods", LIST_CALLS)
def test_grant_allows_exactly_what_the_watch_list_calls(dynamodb: "DynamoDBServiceResource", methods: str) -> None:
    grant, call = LIST_CALLS[methods]
    with recorded(dynamodb) as called:
        call(WatchList(dynamodb.Table("probe-bars")))
    assert called == GRANTED[grant]


@pytest.mark.parametrize(("kind", "calls"), [(HotStore, STORE_CALLS), (WatchList, LIST_CALLS)])
def test_every_public_method_has_a_grant(kind: type, calls: dict[str, object]) -> None:
    covered = {name for methods in calls for name in methods.replace(" and ", ", ").split(", ")}
    assert covered == {name for name in vars(kind) if not name.startswith("_")}
