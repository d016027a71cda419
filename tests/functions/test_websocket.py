"""The functions behind the WebSocket API: what they reply, and what they leave in the tables."""

import json
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from aws_lambda_powertools.utilities.data_classes import APIGatewayWebSocketEvent, DynamoDBStreamEvent
from boto3.dynamodb.types import TypeSerializer

from functions import settings
from functions.announcement import Announcement
from functions.websocket import connect, deliver, disconnect, message
from functions.websocket.message import Dependencies, reply
from tests.aws import (
    ADA,
    ALERTS,
    BARS,
    BOB,
    BUCKET,
    CONNECTIONS,
    RUNS,
    STATE_MACHINE_ARN,
    SUBSCRIPTIONS,
    TRADING,
    USERS,
    ConnectionsApi,
    StepFunctions,
    rows,
)
from tests.backtests.lake import config, load, sweep_config, walk
from tests.backtests.records import PLENTY
from tickfold.alerts.alert_requests import AlertRequests
from tickfold.alerts.alert_store import AlertStore
from tickfold.alerts.observation import last_number_of, of_portfolio
from tickfold.alerts.webhook import Webhooks
from tickfold.backtests.cancelling import RunCanceller
from tickfold.backtests.following import RunFollower
from tickfold.backtests.listing import RunLister
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.backtests.starting import RunStarter
from tickfold.backtests.workflow import Workflow
from tickfold.identity.user import User
from tickfold.market_data.feed.following import SymbolFollower
from tickfold.market_data.feed.hot_store import HotStore, bar_row
from tickfold.market_data.feed.minute_bar import STEP, FeedBar, MinuteBar
from tickfold.market_data.feed.watch_list import WatchList
from tickfold.market_data.series_catalog import SeriesCatalog
from tickfold.portfolios.desk import Desk
from tickfold.portfolios.market_time import MarketTime
from tickfold.portfolios.reading import PortfolioReader
from tickfold.portfolios.store import PortfolioStore
from tickfold.portfolios.switches import Switches
from tickfold.protocol import REQUESTS, SymbolBars, dump
from tickfold.realtime.connections import ConnectionStore
from tickfold.realtime.delivery import Delivery
from tickfold.realtime.sender import Sender
from tickfold.storage.bucket import Bucket
from tickfold.strategies import BUILT_IN
from tickfold.trading.bot_requests import BotRequests
from tickfold.trading.bot_store import BotStore
from tickfold.trading.bots import Bots

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource

CONTEXT: Any = SimpleNamespace(
    function_name="message", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="1"
)


def event(body: Any = None, user: User = ADA, message_id: str = "m1", **more: Any) -> APIGatewayWebSocketEvent:
    context = {"connectionId": "c1", "messageId": message_id, "authorizer": user.to_context()}
    text = body if isinstance(body, str | None) else json.dumps(body)
    return APIGatewayWebSocketEvent({"requestContext": context, "body": text} | more)


# --- connect and disconnect ------------------------------------------------------------------------------------------


def test_connect_records_the_connection(connections: ConnectionStore, dynamodb: "DynamoDBServiceResource") -> None:
    assert connect.connect(event(), connections) == {"statusCode": 200}
    (row,) = rows(dynamodb.Table(CONNECTIONS))
    assert (row["connection_id"], row["user_id"]) == ("c1", "ada")
    assert not rows(dynamodb.Table(SUBSCRIPTIONS))


def test_connect_subscribes_to_the_portfolio_in_the_query(connections: ConnectionStore) -> None:
    asked = event(queryStringParameters={"portfolioId": "growth"})
    assert connect.connect(asked, connections) == {"statusCode": 200}
    assert list(connections.subscribers("portfolio#growth")) == ["c1"]


def test_connect_refuses_a_portfolio_of_others(
    connections: ConnectionStore, dynamodb: "DynamoDBServiceResource"
) -> None:
    refused = connect.connect(event(queryStringParameters={"portfolioId": "income"}), connections)
    assert refused == {
        "statusCode": 403,
        "body": "portfolioId must be one of the portfolios that the token names",
    }
    assert not rows(dynamodb.Table(CONNECTIONS))


@pytest.mark.parametrize("offered", ["tickfold", "bearer.x, tickfold"])
def test_connect_selects_the_subprotocol_that_is_offered(connections: ConnectionStore, offered: str) -> None:
    agreed = connect.connect(event(headers={"sec-websocket-protocol": offered}), connections)
    assert agreed == {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "tickfold"}}


@pytest.fixture
def environment(dynamodb: "DynamoDBServiceResource", bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of all functions."""
    for name, value in {
        settings.CONNECTIONS_TABLE: CONNECTIONS,
        settings.SUBSCRIPTIONS_TABLE: SUBSCRIPTIONS,
        settings.RUNS_TABLE: RUNS,
        settings.USERS_TABLE: USERS,
        settings.BARS_TABLE: BARS,
        settings.TRADING_TABLE: TRADING,
        settings.PROVIDERS: "[]",
        settings.ALERTS_TABLE: ALERTS,
        settings.ALERT_LINKS_URL: "https://links.example/",
        settings.EVENT_SOURCE: "tickfold.test",
        settings.BUCKET: BUCKET,
        settings.CONNECTIONS_ENDPOINT: "https://api.example/live",
        settings.STATE_MACHINE_ARN: STATE_MACHINE_ARN,
        settings.RUNNING_LIMIT: "20",
        settings.DAILY_LIMIT: "2000",
        settings.REDUCE_MEMORY: "3008",
    }.items():
        monkeypatch.setenv(name, value)
    for module in (connect, disconnect, deliver, message):
        module.dependencies.cache_clear()


def test_handlers_of_connect_and_disconnect_work_on_the_tables_of_their_environment(
    environment: None, dynamodb: "DynamoDBServiceResource", caplog: pytest.LogCaptureFixture
) -> None:
    given = event(queryStringParameters={"portfolioId": "growth"}).raw_event
    assert connect.handler(given, CONTEXT) == {"statusCode": 200}
    assert [len(rows(dynamodb.Table(name))) for name in (CONNECTIONS, SUBSCRIPTIONS)] == [1, 1]
    assert disconnect.handler(given, CONTEXT) == {"statusCode": 200}
    assert [len(rows(dynamodb.Table(name))) for name in (CONNECTIONS, SUBSCRIPTIONS)] == [0, 0]
    assert caplog.messages == ["connected", "disconnected"]


def test_wiring_is_done_once_and_by_the_environment(environment: None) -> None:
    built = message.dependencies()
    assert message.dependencies() is built
    assert (built.starter.limits.running, built.starter.limits.daily) == (20, 2_000)
    assert built.starter.workflow.state_machine_arn == STATE_MACHINE_ARN
    assert built.starter.runs is built.follower.runs is built.lister.runs is built.canceller.runs
    assert (built.starter.runs._table.name, built.starter.runs._quota._table.name) == (RUNS, USERS)
    assert built.sender._connections is built.starter.connections is built.follower.connections
    assert built.symbols.connections is built.follower.connections
    assert (built.symbols.bars._table.name, built.symbols.watch_list._table.name) == (BARS, BARS)
    assert built.desk.store is built.portfolios.store
    assert (built.desk.store._table.name, built.desk.switches._table.name) == (TRADING, TRADING)
    assert built.desk.market.bars is built.symbols.bars
    assert (built.bots.bots.portfolios, built.bots.market) == (built.desk.store, built.desk.market)
    assert (built.bots.bots.bots._table.name, built.bots.runs) == (TRADING, built.starter.runs)
    assert built.bots.bots.registry is built.starter.strategies
    assert built.portfolios.connections is built.follower.connections
    client: Any = built.sender._api
    assert client.meta.endpoint_url == "https://api.example/live"
    assert (client.meta.config.read_timeout, client.meta.config.connect_timeout) == (10, 1)
    assert (client.meta.config.retries, client.meta.config.max_pool_connections) == (
        {"mode": "standard", "total_max_attempts": 4},
        32,
    )
    for client in (built.starter.workflow.step_functions, built.starter.series._s3):
        assert client.meta.config.retries == {"mode": "standard", "total_max_attempts": 6}
        assert client.meta.config.max_pool_connections == 16
    assert set(BUILT_IN.strategies) <= set(built.starter.strategies.strategies)


# --- deliver ---------------------------------------------------------------------------------------------------------


def record(**row: Any) -> dict[str, Any]:
    return {"eventName": "INSERT", "dynamodb": {"NewImage": row}}


@dataclass
class Bus:
    """What was put on the bus. `fails` says that it takes nothing."""

    fails: bool = False
    events: list[dict[str, Any]] = field(default_factory=list)

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - as boto3 names it
        self.events += [] if self.fails else Entries
        return {"FailedEntryCount": int(self.fails), "Entries": [{"ErrorCode": "Busy"}]}


def delivering(connections: ConnectionStore, sender: Sender, bus: Bus | None = None, *watched: str) -> Any:
    """Return what Deliver works with, where rules watch these sources."""
    announcement = Announcement(cast(Any, bus or Bus()), "tickfold.test")
    delivery = Delivery(connections, sender, deliver.logger)
    return deliver.Dependencies(delivery, announcement, lambda source: source in watched)


@pytest.mark.parametrize("fails", [False, True])
def test_deliver_announces_the_journals_that_rules_watch_and_delivers_all(
    connections: ConnectionStore, fails: bool
) -> None:
    connections.subscribe("c1", ADA, "journal#idle-1")
    api, bus = ConnectionsApi(), Bus(fails)
    batch = [
        record(portfolio={"S": f"p#{name}"}, body={"S": name}, topics={"L": [{"S": f"journal#{name}"}]})
        for name in ("growth-1", "idle-1", "growth-1")
    ]
    given = delivering(connections, Sender(connections, cast(Any, api)), bus, "portfolio#growth-1")
    deliver.deliver(DynamoDBStreamEvent({"Records": batch}), given)
    event = {
        "Source": "tickfold.test",
        "DetailType": "Journals appended",
        "Detail": json.dumps({"portfolios": ["growth-1"]}),
    }
    assert bus.events == ([] if fails else [event])
    assert api.to("c1") == ["idle-1"]


def test_deliver_sends_the_messages_of_a_batch_and_passes_over_records(connections: ConnectionStore) -> None:
    connections.subscribe("c1", ADA, "run#r1")
    connections.subscribe("c2", ADA, "user#ada")
    api = ConnectionsApi()
    batch = [
        record(
            run_id={"S": "r1"},
            body={"S": "one"},
            topics={"L": [{"S": "run#r1"}, {"S": "user#ada"}]},
            already_sent_to={"S": "c1"},
        ),
        record(run_id={"S": "r1"}, entry={"S": "run"}),
        record(run_id={"S": "r1"}, body={"S": "two"}, topics={"L": [{"S": "run#r1"}]}),
        {"eventName": "REMOVE", "dynamodb": {}},
    ]
    sender = Sender(connections, cast(Any, api))
    deliver.deliver(DynamoDBStreamEvent({"Records": batch}), delivering(connections, sender))
    assert (api.to("c1"), api.to("c2")) == (["two"], ["one"])


def bar_record(symbol: str, sequence: int) -> dict[str, Any]:
    time = datetime(2026, 1, 30, 14, 30, tzinfo=UTC) + sequence * STEP
    row = bar_row(symbol, FeedBar(sequence, MinuteBar(time, 1.5, 2.5, 0.5, 2.0, 100.0), None, 1.75, "file"))
    serialize = TypeSerializer().serialize
    return record(**{name: serialize(value) for name, value in row.items()})


def test_deliver_sends_the_bars_of_a_batch_joined_by_series(connections: ConnectionStore) -> None:
    connections.subscribe("c1", ADA, "symbol#GOOG#1m")
    connections.subscribe("c1", ADA, "symbol#AAPL#1m")
    connections.subscribe("c2", ADA, "symbol#AAPL#1m")
    api = ConnectionsApi()
    batch = [
        *(bar_record("GOOG", number) for number in (7, 8)),
        bar_record("AAPL", 1),
        bar_record("GOOG", 9),
        bar_record("GOOG", 9),
        record(series={"S": "GOOG#1m"}, entry={"S": "state"}),
    ]
    sender = Sender(connections, cast(Any, api))
    deliver.deliver(DynamoDBStreamEvent({"Records": batch}), delivering(connections, sender))
    numbers = [(each.symbol, each.first, each.sequence) for each in map(SymbolBars.model_validate_json, api.to("c1"))]
    assert sorted(numbers) == [("AAPL", 1, 1), ("GOOG", 7, 9), ("GOOG", 9, 9)]
    assert numbers.index(("GOOG", 7, 9)) < numbers.index(("GOOG", 9, 9))
    assert [json.loads(text)["symbol"] for text in api.to("c2")] == ["AAPL"]


def test_wiring_of_deliver(environment: None) -> None:
    delivery = deliver.dependencies().delivery
    assert delivery.sender._connections is delivery.connections
    assert (delivery.connections._connections.name, delivery.connections._subscriptions.name) == (
        CONNECTIONS,
        SUBSCRIPTIONS,
    )
    assert delivery.log is deliver.logger
    assert deliver.handler({"Records": []}, CONTEXT) is None


# --- message ---------------------------------------------------------------------------------------------------------


class Client:
    """A client of the message function: what it sends, and the replies to it."""

    def __init__(self, dependencies: Dependencies, api: ConnectionsApi) -> None:
        self._dependencies, self.api, self._asked = dependencies, api, 0

    def ask(self, body: Any, user: User = ADA) -> dict[str, Any]:
        """Send a request; return the last message that comes back."""
        self._asked += 1
        reply(event(body, user, f"m{self._asked}"), self._dependencies)
        answer: dict[str, Any] = json.loads(self.api.to("c1")[-1])
        return answer


@pytest.fixture
def client(
    bucket: Bucket, runs: RunLifecycle, connections: ConnectionStore, dynamodb: "DynamoDBServiceResource"
) -> Client:
    load(bucket, "WALK", walk(1))
    api = ConnectionsApi()
    workflow = Workflow(cast(Any, StepFunctions()), STATE_MACHINE_ARN)
    hot, watch_list = HotStore(dynamodb.Table(BARS)), WatchList(dynamodb.Table(BARS))
    series, trading = SeriesCatalog(bucket.s3, bucket.name), dynamodb.Table(TRADING)
    portfolios, alerts = PortfolioStore(trading), AlertStore(dynamodb.Table(ALERTS))
    market = MarketTime(hot, watch_list)
    dependencies = Dependencies(
        sender=Sender(connections, cast(Any, api)),
        starter=RunStarter(
            runs, connections, series, hot, watch_list, BUILT_IN, workflow, PLENTY, 3_008, message.logger
        ),
        follower=RunFollower(runs, connections),
        symbols=SymbolFollower(hot, watch_list, connections),
        lister=RunLister(runs),
        canceller=RunCanceller(runs, workflow),
        desk=Desk(portfolios, Switches(trading), market),
        portfolios=PortfolioReader(portfolios, connections),
        bots=BotRequests(Bots(portfolios, BotStore(trading), BUILT_IN), runs, market),
        alerts=AlertRequests(alerts, hot, watch_list, connections, None, Webhooks(), portfolios),
    )
    return Client(dependencies, api)


OF_PORTFOLIOS: dict[str, tuple[dict[str, Any], str]] = {
    "create_portfolio": ({"name": "mine", "cash": 10}, "portfolio"),
    "list_portfolios": ({}, "portfolios"),
    "get_portfolio": ({}, "portfolio"),
    "deposit": ({"amount": 1, "key": "k"}, "portfolio"),
    "withdraw": ({"amount": 1, "key": "w"}, "portfolio"),
    "set_risk_limits": ({"limits": {"order": 5}}, "portfolio"),
    "kill": ({}, "portfolio"),
    "lift": ({}, "portfolio"),
    "place_order": ({"orderId": "a", "order": {"symbol": "GOOG", "side": "buy", "quantity": 1}}, "error"),
    "change_order": ({"orderId": "a", "limit": 1}, "error"),
    "cancel_order": ({"orderId": "a"}, "error"),
    "cancel_orders": ({}, "orders"),
    "close_position": ({"symbol": "GOOG", "orderId": "b"}, "error"),
    "flatten": ({}, "orders"),
    "list_orders": ({}, "orders"),
    "list_trades": ({}, "trades"),
    "get_journal": ({}, "journal"),
    "create_bot": ({"bot": "b", "fromRun": "r"}, "error"),
    "list_bots": ({}, "bots"),
    "get_bot": ({"bot": "b"}, "error"),
    "pause_bot": ({"bot": "b"}, "error"),
    "resume_bot": ({"bot": "b"}, "error"),
    "stop_bot": ({"bot": "b", "positions": "keep"}, "error"),
    "set_bot_limits": ({"bot": "b", "limits": {}}, "error"),
}
"""Requests about a portfolio that holds nothing, of symbols without bars, and the types of their replies."""


def test_rule_on_a_portfolio_is_of_its_owner_and_says_its_id(
    client: Client, dynamodb: "DynamoDBServiceResource"
) -> None:
    portfolio_id = client.ask({"type": "create_portfolio", "name": "growth", "cash": 10})["portfolio"]["portfolio"]

    def rule_on(ref: str, user: User) -> dict[str, Any]:
        drawdown = {"kind": "drawdown", "portfolio": ref, "above": 0.1}
        return client.ask({"type": "create_alert_rule", "rule": {"condition": drawdown}}, user)

    for ref in ("growth", portfolio_id):
        refused = rule_on(ref, BOB)
        assert refused["code"] == "not_found"
        assert refused["reason"] == f"you have no portfolio {ref}: create one with `tickfold portfolio create`"
    assert rule_on("grwth", ADA)["reason"].startswith("you have no portfolio grwth (did you mean growth?)")
    assert rows(dynamodb.Table(ALERTS)) == []
    for ref in ("growth", portfolio_id):
        assert rule_on(ref, ADA)["rule"]["rule"]["condition"]["portfolio"] == portfolio_id
    store = AlertStore(dynamodb.Table(ALERTS))
    assert [each.state.numbers for each in store.rules_of("ada")] == 2 * [
        ((of_portfolio(portfolio_id), last_number_of(1)),)
    ]
    followed = store.evaluated_portfolio(portfolio_id)
    assert followed
    assert (followed.revision, followed.cash) == (1, 10.0)


def test_every_request_is_carried_out(client: Client) -> None:
    start = {"type": "start_backtest", "config": json.loads(dump(config()))}
    accepted = client.ask(start | {"colour": 1})
    run_id = accepted["runId"]
    assert (accepted["type"], accepted["ignored"]) == ("accepted", ["colour"])
    rule = {"condition": {"kind": "run_ended"}}
    rule_id = client.ask({"type": "create_alert_rule", "rule": rule})["rule"]["ruleId"]
    replies: dict[str, dict[str, Any]] = {
        "start_sweep": {"config": json.loads(dump(sweep_config()))},
        "resume": {"runId": run_id, "after": 1},
        "list_runs": {},
        "subscribe": {"topic": "user"},
        "unsubscribe": {"topic": "user"},
        "add_feed_symbols": {"symbols": ["GOOG"]},
        "remove_feed_symbols": {"symbols": ["AAPL"]},
        "list_feed": {},
        "create_alert_rule": {"rule": rule},
        "change_alert_rule": {"ruleId": rule_id, "rule": rule},
        "list_alert_rules": {},
        "test_alert": {"ruleId": rule_id},
        "list_alerts": {},
        "set_alert_preferences": {"preferences": {"timeZone": "UTC"}},
        "get_alert_preferences": {},
        "delete_alert_rule": {"ruleId": rule_id},
        "ping": {},
        "whoami": {},
        "cancel": {"runId": run_id},
        "get_result": {"runId": run_id},
    }
    replies |= {name: {"portfolio": "mine"} | more for name, (more, _) in OF_PORTFOLIOS.items()}
    found = {name: client.ask({"type": name, "correlationId": "x9"} | more) for name, more in replies.items()}
    assert {name: each["type"] for name, each in found.items()} == {
        "start_sweep": "accepted",
        "resume": "resumed",
        "list_runs": "runs",
        "subscribe": "subscribed",
        "unsubscribe": "unsubscribed",
        "add_feed_symbols": "feed",
        "remove_feed_symbols": "feed",
        "list_feed": "feed",
        "create_alert_rule": "alert_rule",
        "change_alert_rule": "alert_rule",
        "list_alert_rules": "alert_rules",
        "test_alert": "alert",
        "list_alerts": "alerts",
        "set_alert_preferences": "alert_preferences",
        "get_alert_preferences": "alert_preferences",
        "delete_alert_rule": "alert_rule_deleted",
        "ping": "pong",
        "whoami": "identity",
        "cancel": "cancelled",
        "get_result": "cancelled",
        **{name: answer for name, (_, answer) in OF_PORTFOLIOS.items()},
    }
    assert {each["correlationId"] for each in found.values()} == {"x9"}
    assert {"start_backtest", *replies} == {str(each.model_fields["type"].default) for each in REQUESTS}
    assert found["whoami"] == {
        "version": 1,
        "runId": None,
        "sequence": 0,
        "correlationId": "x9",
        "type": "identity",
        "userId": "ada",
        "portfolios": ["growth"],
        "expiresAt": 4_000_000_000_000,
        "connectionId": "c1",
    }


def test_a_symbol_is_followed_by_the_follower_of_symbols(client: Client, connections: ConnectionStore) -> None:
    client.ask({"type": "add_feed_symbols", "symbols": ["goog"]})
    subscribed = client.ask({"type": "subscribe", "topic": "symbol", "id": "goog"})
    assert (subscribed["topic"], subscribed["id"], subscribed["lastSequence"]) == ("symbol", "GOOG", 0)
    assert list(connections.subscribers("symbol#GOOG#1m")) == ["c1"]
    assert client.ask({"type": "unsubscribe", "topic": "symbol", "id": "goog"})["type"] == "unsubscribed"
    assert not list(connections.subscribers("symbol#GOOG#1m"))


def test_a_journal_is_followed_by_the_reader_of_portfolios(client: Client, connections: ConnectionStore) -> None:
    client.ask({"type": "create_portfolio", "name": "mine"})
    assert client.ask({"type": "subscribe", "topic": "journal", "id": "mine"})["type"] == "portfolio"
    left = client.ask({"type": "unsubscribe", "topic": "journal", "id": "mine"})
    assert (left["type"], left["topic"]) == ("unsubscribed", "journal")
    assert not list(connections.subscribers(f"journal#{left['id']}"))


@pytest.mark.parametrize(
    ("body", "code", "correlation_id"),
    [
        ("{", "invalid", None),
        (None, "invalid", None),
        ({"type": "buy"}, "unknown_type", None),
        ({"type": "resume", "runId": "", "correlationId": "x9"}, "invalid", "x9"),
        ({"type": "resume", "runId": "r9", "correlationId": "x9"}, "not_found", "x9"),
    ],
)
def test_a_request_that_cannot_be_carried_out_gets_an_error(
    client: Client, body: Any, code: str, correlation_id: str | None
) -> None:
    error = client.ask(body)
    assert (error["type"], error["code"], error.get("correlationId")) == ("error", code, correlation_id)
    assert error["reason"]


def test_an_internal_error_says_its_class_only(client: Client, runs: RunLifecycle) -> None:
    class Broken(RunStarter):
        def start(self, *_: Any) -> None:
            raise ValueError("the password is hunter2")

    client._dependencies = replace(client._dependencies, starter=cast(Any, Broken.__new__(Broken)))
    error = client.ask({"type": "start_backtest", "config": json.loads(dump(config())), "correlationId": "x9"})
    assert (error["type"], error["code"], error["correlationId"]) == ("error", "internal", "x9")
    assert error["reason"] == "the request failed with an internal error (ValueError); its log says more"


def test_an_expired_caller_is_turned_away(client: Client, connections: ConnectionStore) -> None:
    connections.subscribe("c1", ADA, "user#ada")
    error = client.ask({"type": "whoami"}, User("ada", (), int(time.time()) - 1))
    assert (error["type"], error["code"]) == ("error", "expired")
    assert error["reason"] == "the token has expired; connect again with a new one"
    assert client.api.closed == ["c1"]
    assert not list(connections.subscribers("user#ada"))


def test_handler_returns_200_even_if_the_reply_cannot_be_sent(
    environment: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No server listens at the endpoint."""
    monkeypatch.setenv(settings.CONNECTIONS_ENDPOINT, "http://127.0.0.1:1")
    assert message.handler(event({"type": "ping"}).raw_event, CONTEXT) == {"statusCode": 200}
    assert caplog.messages == ["the request failed", "the reply could not be sent"]
