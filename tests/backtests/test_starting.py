"""Starting runs: what is checked, recorded, sent, and handed to the workflow."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import product
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.aws import ADA, BARS, STATE_MACHINE_ARN, StepFunctions
from tests.backtests.lake import config, load, load_raw, sweep_config, walk
from tests.backtests.records import PLENTY, Connection, caller
from tests.market_data.feed.market import HALF_DAY, Market, at, minutes_of
from tickfold.backtests.quota import Limits
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.backtests.starting import RunStarter
from tickfold.backtests.workflow import Workflow
from tickfold.errors import RunError
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.corporate_actions import CorporateActions
from tickfold.market_data.feed.compaction import Compaction
from tickfold.market_data.feed.feed import Feed
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.watch_list import Watched, WatchList
from tickfold.market_data.series import Series
from tickfold.market_data.series_catalog import SeriesCatalog
from tickfold.protocol import Cancelled, StartBacktest, StartSweep
from tickfold.realtime.connections import ConnectionStore
from tickfold.storage import layout
from tickfold.storage.bucket import Bucket
from tickfold.strategies import BUILT_IN
from tickfold.strategies.code_version import code_version

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource


class Log:
    def __init__(self) -> None:
        self.messages: list[str] = []
        self.keys: dict[str, str] = {}

    def append_keys(self, **keys: str) -> None:
        self.keys |= keys

    def exception(self, message: str, /) -> None:
        self.messages.append(message)


@pytest.fixture
def step_functions() -> StepFunctions:
    return StepFunctions()


@pytest.fixture
def starter(
    bucket: Bucket,
    runs: RunLifecycle,
    connections: ConnectionStore,
    dynamodb: "DynamoDBServiceResource",
    step_functions: StepFunctions,
) -> RunStarter:
    load(bucket, "WALK", walk(1))
    series = SeriesCatalog(bucket.s3, bucket.name)
    workflow = Workflow(cast(Any, step_functions), STATE_MACHINE_ARN)
    hot, watch_list = HotStore(dynamodb.Table(BARS)), WatchList(dynamodb.Table(BARS))
    return RunStarter(runs, connections, series, hot, watch_list, BUILT_IN, workflow, PLENTY, 3_008, Log())


@pytest.fixture
def connection() -> Connection:
    return Connection()


def sent(connection: Connection) -> list[dict[str, Any]]:
    return [json.loads(text) for text in connection.sent]


def start(starter: RunStarter, connection: Connection, message_id: str = "m1", **more: Any) -> dict[str, Any]:
    """Start a run; return the reply."""
    sender = replace(caller(connection), message_id=message_id)
    starter.start(sender, StartBacktest(config=config(timeframe=None), **more), ["colour"])
    return sent(connection)[0]


def test_a_start_is_recorded_replied_to_subscribed_and_executed(
    starter: RunStarter, connections: ConnectionStore, connection: Connection, step_functions: StepFunctions
) -> None:
    accepted = start(starter, connection, portfolio="growth")
    run_id = accepted["runId"]
    assert run_id.startswith("walk-sma_cross-2")
    assert (accepted["type"], accepted["sequence"], accepted["correlationId"]) == ("accepted", 1, "x1")
    assert (accepted["portfolio"], accepted["ignored"]) == ("growth", ["colour"])
    assert accepted["config"]["timeframe"] == "1d"
    assert accepted["executionArn"] == starter.workflow.execution_arn(run_id)
    run = starter.runs.get(run_id)
    assert run is not None
    assert (run.user_id, run.portfolio, run.status, run.sequence) == ("ada", "growth", "running", 1)
    assert run.execution_arn == accepted["executionArn"]
    assert json.loads(run.request) == accepted["config"]
    assert run.code == code_version(BUILT_IN.strategies["sma_cross"])
    assert list(connections.subscribers(f"run#{run_id}")) == ["c1"]
    given = json.loads(step_functions.started[run_id])
    assert given == {"run_id": run_id, "request": accepted["config"]}
    stored = json.loads(starter.runs.messages_after(run_id, 0)[0])
    assert stored == {name: value for name, value in accepted.items() if name != "correlationId"}


def test_the_same_message_delivered_twice_starts_one_run(
    starter: RunStarter, connection: Connection, step_functions: StepFunctions
) -> None:
    for _ in range(2):
        start(starter, connection)
    first, second = sent(connection)
    assert first == second
    assert list(step_functions.started) == [first["runId"]]


def test_two_messages_without_a_key_start_two_runs(
    starter: RunStarter, connection: Connection, step_functions: StepFunctions
) -> None:
    start(starter, connection, "m1")
    start(starter, connection, "m2")
    assert len(step_functions.started) == 2


def test_a_key_that_is_known_replays_the_run(
    starter: RunStarter, connections: ConnectionStore, connection: Connection, step_functions: StepFunctions
) -> None:
    run_id = start(starter, connection, "m1", key="mine")["runId"]
    starter.runs.publish_all_done(run_id, 4)
    connection.sent.clear()
    again = replace(caller(connection, connection_id="c2"), message_id="m2")
    starter.start(again, StartBacktest(config=config(timeframe=None), key="mine"), [])
    assert [(each["type"], each.get("correlationId")) for each in sent(connection)] == [
        ("accepted", "x1"),
        ("progress", None),
    ]
    assert sorted(connections.subscribers(f"run#{run_id}")) == ["c1", "c2"]
    assert len(step_functions.started) == 1


def test_a_run_that_was_recorded_but_not_executed_is_executed_when_its_start_is_repeated(
    starter: RunStarter, connection: Connection, step_functions: StepFunctions
) -> None:
    run_id = start(starter, connection, key="mine")["runId"]
    del step_functions.started[run_id]
    start(starter, connection, key="mine")
    assert list(step_functions.started) == [run_id]


def test_a_run_that_was_planned_is_not_executed_again(
    starter: RunStarter, connection: Connection, step_functions: StepFunctions
) -> None:
    run_id = start(starter, connection, key="mine")["runId"]
    starter.runs.publish_all_done(run_id, 4)
    del step_functions.started[run_id]
    start(starter, connection, key="mine")
    assert not step_functions.started


def test_a_run_is_executed_even_if_the_reply_cannot_be_sent(starter: RunStarter, step_functions: StepFunctions) -> None:
    class Broken(Connection):
        def send(self, _connection_id: str, _text: str) -> bool:
            raise OSError("no network")

    with pytest.raises(OSError, match="no network"):
        start(starter, Broken())
    assert len(step_functions.started) == 1


def test_a_run_that_cannot_be_executed_fails(
    starter: RunStarter, connection: Connection, step_functions: StepFunctions
) -> None:
    step_functions.failure = OSError("secret")
    run_id = start(starter, connection)["runId"]
    run = starter.runs.get(run_id)
    assert run is not None
    assert run.status == "failed"
    failed = json.loads(run.ended_with or "")
    assert failed["stage"] == "start"
    assert failed["reason"] == "start failed with an internal error (OSError); its log says more"
    assert cast(Log, starter.log).messages == ["the execution could not be started"]


def test_a_run_that_was_cancelled_while_it_was_started_is_stopped(
    starter: RunStarter, connection: Connection, step_functions: StepFunctions
) -> None:
    start_execution = step_functions.start_execution

    def cancel_first(**given: Any) -> None:
        starter.runs.end(given["name"], Cancelled())
        start_execution(**given)

    step_functions.start_execution = cancel_first  # type: ignore[method-assign]
    run_id = start(starter, connection)["runId"]
    assert starter.runs.status(run_id) == "cancelled"
    assert [arn for arn, *_ in step_functions.stopped] == [starter.workflow.execution_arn(run_id)]


def test_a_run_that_goes_on_is_not_stopped(
    starter: RunStarter, connection: Connection, step_functions: StepFunctions
) -> None:
    start(starter, connection)
    assert not step_functions.stopped


def test_a_new_run_that_cannot_be_followed_is_not_executed(
    starter: RunStarter, connection: Connection, step_functions: StepFunctions
) -> None:
    class Full(ConnectionStore):
        def subscribe(self, *_: Any) -> None:
            raise RunError("too many", "limit")

    full = replace(starter, connections=cast(Any, Full.__new__(Full)))
    with pytest.raises(RunError, match="too many"):
        start(full, connection)
    (run,) = starter.runs.of_user("ada", 10, None)[0]
    assert (run.status, json.loads(run.ended_with or "")["reason"]) == ("failed", "too many")
    assert not step_functions.started
    assert not connection.sent


def test_an_earlier_run_that_cannot_be_followed_goes_on(starter: RunStarter, connection: Connection) -> None:
    class Full(ConnectionStore):
        def subscribe(self, *_: Any) -> None:
            raise RunError("too many", "limit")

    run_id = start(starter, connection, key="mine")["runId"]
    with pytest.raises(RunError, match="too many"):
        start(replace(starter, connections=cast(Any, Full.__new__(Full))), connection, key="mine")
    assert starter.runs.status(run_id) == "running"


def test_a_start_may_subscribe_beyond_what_a_client_may_ask_for(
    starter: RunStarter, connections: ConnectionStore, connection: Connection
) -> None:
    for number in range(200):
        connections.subscribe("c1", ADA, f"run#{number}")
    run_id = start(starter, connection)["runId"]
    assert list(connections.subscribers(f"run#{run_id}")) == ["c1"]


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (StartBacktest(config=config(), portfolio="income"), "portfolio income is not one of yours"),
        (StartBacktest(config=config("NOPE")), "unknown symbol NOPE"),
        (StartBacktest(config=config(strategy="magic")), "unknown strategy 'magic'"),
        (StartSweep(config=sweep_config(rankBy="sharp")), "unknown metric 'sharp'"),
    ],
)
def test_a_request_that_cannot_be_carried_out_starts_nothing(
    starter: RunStarter, connection: Connection, step_functions: StepFunctions, request_: Any, reason: str
) -> None:
    with pytest.raises(RunError, match=reason):
        starter.start(caller(connection), request_, [])
    assert starter.runs.of_user("ada", 10, None) == ([], None)
    assert (connection.sent, step_functions.started) == ([], {})


# --- bars of the feed ------------------------------------------------------------------------------------------------

BLACK_FRIDAY = {"startDate": "2025-11-28", "endDate": "2025-11-28", "timeframe": "1m"}


def tick(hot: HotStore, time: str) -> None:
    Feed(hot, Market(minutes_of(HALF_DAY))).tick(Watched("NEW", "XNYS"), at(f"2025-11-28T{time}"))


def compact(hot: HotStore, bucket: Bucket) -> None:
    Compaction(hot, BarStore(bucket.s3, bucket.name)).append("NEW")


@pytest.fixture
def started(starter: RunStarter, connection: Connection, step_functions: StepFunctions) -> Callable[..., Any]:
    """Start a run of NEW; return what its execution is given."""

    def start(*, fetches: bool = False, **more: Any) -> Any:
        starting = replace(starter, fetches=fetches)
        starting.start(caller(connection), StartBacktest(config=config("NEW", **BLACK_FRIDAY | more)), [])
        (given,) = map(json.loads, step_functions.started.values())
        return given

    return start


@pytest.mark.parametrize(
    ("more", "fetch"),
    [
        ({}, True),
        ({"timeframe": None}, True),
        ({"startDate": "2025-11-01", "endDate": "2025-12-31"}, True),
        ({"startDate": "2025-11-01", "endDate": "2025-11-27"}, None),
    ],
)
def test_run_during_the_session_begins_with_the_bars_of_the_feed(
    starter: RunStarter, bucket: Bucket, started: Callable[..., Any], more: dict[str, Any], fetch: bool | None
) -> None:
    BarStore(bucket.s3, bucket.name).put("NEW", "1m", minutes_of(date(2025, 11, 26)), "a file")
    tick(starter.hot, "14:50")
    compact(starter.hot, bucket)
    tick(starter.hot, "15:10")
    given = started(**more)
    assert (given.get("fetch"), given["request"]["timeframe"]) == (fetch, "1m")


def test_run_after_compaction_begins_with_its_plan(
    starter: RunStarter, bucket: Bucket, started: Callable[..., Any]
) -> None:
    tick(starter.hot, "14:50")
    compact(starter.hot, bucket)
    assert started().keys() == {"run_id", "request"}


@pytest.mark.parametrize(("watched", "fetch"), [("NEW", None), ("OTHER", True)])
def test_minutes_after_the_feed_s_last_are_left_to_it_as_long_as_it_fetches_them(
    starter: RunStarter, bucket: Bucket, started: Callable[..., Any], watched: str, fetch: bool | None
) -> None:
    starter.watch_list.add([watched], "XNYS", "ada")
    tick(starter.hot, "14:50")
    compact(starter.hot, bucket)
    assert started(fetches=True).get("fetch") == fetch


# --- bars that are missing -------------------------------------------------------------------------------------------


def fetching(starter: RunStarter) -> RunStarter:
    """Return the starter of a stack for which providers are configured."""
    return replace(starter, fetches=True)


def test_run_of_a_new_symbol_begins_with_a_fetch(
    starter: RunStarter, connection: Connection, step_functions: StepFunctions
) -> None:
    request = StartBacktest(config=config("NOPE", timeframe="24h"))
    for _ in range(2):  # the same message delivered twice
        fetching(starter).start(caller(connection), request, [])
    (given,) = map(json.loads, step_functions.started.values())
    assert (given["fetch"], given["request"]["timeframe"]) == (True, "1d")


def test_run_of_a_fetched_series_fetches_what_it_lacks(
    starter: RunStarter, bucket: Bucket, connection: Connection, step_functions: StepFunctions
) -> None:
    wanted = Series(symbol="NEW", timeframe="1d", source="alpaca", files=[], adjustment="all")
    covered = datetime(2000, 1, 1, tzinfo=UTC), datetime(2001, 8, 1, tzinfo=UTC)
    BarStore(bucket.s3, bucket.name).fill(wanted, walk(1, 500), covered)
    for number, (timeframe, end) in enumerate(product(("1d", None), ("2001-06-30", "2001-08-01"))):
        request = StartBacktest(config=config("NEW", timeframe=timeframe, endDate=end))
        fetching(starter).start(replace(caller(connection), message_id=str(number)), request, [])
    inputs = [json.loads(each) for each in step_functions.started.values()]
    assert [each.get("fetch") for each in inputs] == [None, True, None, True]


def test_run_beyond_the_days_whose_splits_and_dividends_are_known_fetches_them(
    starter: RunStarter, bucket: Bucket, connection: Connection, step_functions: StepFunctions
) -> None:
    series = load_raw(bucket, "NEW", walk(1))
    for number, last in enumerate((date(2003, 1, 1), date(2001, 6, 30), date(2001, 6, 29))):
        known = series.model_copy(update={"actions": CorporateActions(date(2000, 1, 1), last, [])})
        bucket.put(layout.series_key("NEW", "1d"), known.model_dump_json().encode())
        request = StartBacktest(config=config("NEW"))
        fetching(starter).start(replace(caller(connection), message_id=str(number)), request, [])
    inputs = [json.loads(each) for each in step_functions.started.values()]
    assert [each.get("fetch") for each in inputs] == [None, None, True]
    with pytest.raises(RunError, match="splits and dividends of NEW 1d are not known from 2000-03-01 to 2001-06-30"):
        starter.start(replace(caller(connection), message_id="unconfigured"), request, [])


def test_symbols_of_two_timeframes_are_refused_and_none_is_fetched(
    starter: RunStarter, bucket: Bucket, connection: Connection, step_functions: StepFunctions
) -> None:
    days = walk(1)
    hours = replace(days, timestamp=days.timestamp // 24)
    BarStore(bucket.s3, bucket.name).put("HOURS", "1h", hours, "a random walk")
    both = StartBacktest(config=config(["WALK", "HOURS"], timeframe=None))
    with pytest.raises(RunError, match=r"timeframes differ \(WALK 1d, HOURS 1h\); name one"):
        fetching(starter).start(caller(connection), both, [])
    assert step_functions.started == {}


def test_run_of_a_loaded_series_fetches_nothing(
    starter: RunStarter, connection: Connection, step_functions: StepFunctions
) -> None:
    longer = StartBacktest(config=config(startDate="1999-01-01", endDate="2020-01-01"))
    fetching(starter).start(caller(connection), longer, [])
    (given,) = map(json.loads, step_functions.started.values())
    assert given.keys() == {"run_id", "request"}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"timeframe": None}, r"unknown symbol NOPE.*; name a timeframe, such as 1d, to have bars of a new"),
        ({"strategy": "magic"}, "unknown strategy 'magic'"),
        ({"timeframe": "1w"}, "unknown symbol NOPE"),
        ({"timeframe": "1s"}, r"1s bars of NOPE from 2000-03-01 on are too many to be fetched for a run"),
        ({"timeframe": "1m", "startDate": "1989-12-01"}, r"calendar of XNYS has the days from 1990-01-01"),
    ],
)
def test_run_of_a_new_symbol_that_cannot_be_fetched_is_refused(
    starter: RunStarter, connection: Connection, step_functions: StepFunctions, more: dict[str, Any], reason: str
) -> None:
    with pytest.raises(RunError, match=reason):
        fetching(starter).start(caller(connection), StartBacktest(config=config("NOPE", **more)), [])
    assert step_functions.started == {}


def test_run_of_a_new_symbol_without_providers_says_how_to_configure_them(
    starter: RunStarter, connection: Connection
) -> None:
    reason = r"unknown symbol NOPE.*; to have bars fetched, store keys .*tickfold data keys set alpaca"
    with pytest.raises(RunError, match=reason):
        starter.start(caller(connection), StartBacktest(config=config("NOPE")), [])


def test_limits_hold(starter: RunStarter, connection: Connection, step_functions: StepFunctions) -> None:
    one = replace(starter, limits=Limits(running=1, daily=9))
    start(one, connection, "m1")
    with pytest.raises(RunError, match="concurrent-run limit reached"):
        start(one, connection, "m2")
    assert len(step_functions.started) == 1


def test_a_run_that_the_reducer_cannot_hold_is_refused_and_starts_nothing(
    starter: RunStarter, connection: Connection, step_functions: StepFunctions
) -> None:
    small = replace(starter, reduce_memory=238)
    with pytest.raises(RunError, match="to reduce 5 combinations takes about 242 MB"):
        small.start(caller(connection), StartSweep(config=sweep_config()), [])
    assert not step_functions.started


def test_a_list_with_one_symbol_needs_the_memory_of_a_universe(
    starter: RunStarter, bucket: Bucket, connection: Connection, step_functions: StepFunctions
) -> None:
    load(bucket, "LONG", walk(2, 2_500))
    small = replace(starter, reduce_memory=238)
    asked = {"timeframe": None, "endDate": "2006-06-30"}
    with pytest.raises(RunError, match="the run is too large: to reduce 2,313 bars"):
        small.start(caller(connection), StartBacktest(config=config(["LONG"], **asked)), [])
    small.start(caller(connection), StartBacktest(config=config("LONG", **asked)), [])
    assert len(step_functions.started) == 1
