"""Least privilege: without any one permission of a function's role the scenario fails, and the log names it.

The emulator enforces IAM on what functions call. A scenario uses all that the system does. It is green with the
policies as they are, and red with any one action of any function removed; `make privileges` removes them.
"""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from websockets.exceptions import ConnectionClosed

from embedded.stack import EmbeddedStack
from tests.alerts.rules import rule
from tests.conftest import url_for
from tests.e2e.bots_portfolio import NAME, BotsPortfolio
from tests.e2e.executions import wait_for_execution
from tests.e2e.fed_symbol import fed_symbol
from tests.e2e.long_open import as_if_long_open
from tests.e2e.release import deployed
from tests.e2e.websocket_client import SMA, Json, WebSocketClient, connected, start, sweep
from tests.market_data.feed.market import HALF_DAY, MONDAY, minutes_of
from tests.market_data.feed.recording import write_minutes
from tests.market_data.feed.stored import feed_bars
from tests.market_data.sinks.bars import minutes
from tests.market_data.sinks.items import item_of, record_of
from tickfold.alerts.alert_store import AlertStore, RecordedAlert, Standing, UserPreferences
from tickfold.alerts.evaluation import initial_state
from tickfold.alerts.links import Links
from tickfold.identity.user import User
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.minute_bar import bars_of
from tickfold.market_data.feed.watch_list import WatchList
from tickfold.market_data.series import Series
from tickfold.market_data.series_catalog import SeriesCatalog
from tickfold.portfolios.placing import deposited
from tickfold.protocol.alerts import Alert, Preferences
from tickfold.storage import layout

BEYOND_THE_EMULATOR = (
    *("logs:", "xray:"),
    "sqs:SendMessage",
    *("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"),
)
"""Lambda itself uses these rights, which the emulator's does not check; tests/components holds the policies."""

FORGETS = ["dynamodb:DeleteItem connections", "dynamodb:BatchWriteItem subscriptions"]
TALKS = ["execute-api:ManageConnections POST/@connections/*", "execute-api:ManageConnections DELETE/@connections/*"]
TELLS = ["dynamodb:UpdateItem runs", "dynamodb:PutItem runs", "dynamodb:GetItem runs"]
ENDS = ["dynamodb:UpdateItem users", *TELLS]
EVALUATES = [f"dynamodb:{action} alerts" for action in ("Query", "BatchGetItem", "UpdateItem", "PutItem")]
RIGHTS: dict[str, list[str]] = {
    "authorize": [],
    "connect": ["dynamodb:PutItem connections", "dynamodb:UpdateItem connections", "dynamodb:PutItem subscriptions"],
    "disconnect": FORGETS,
    "message": [
        "s3:ListBucket data/series/*",
        "s3:GetObject data/series/*",
        "dynamodb:Query runs",
        "dynamodb:Query runs/index/by_user",
        "dynamodb:PutItem users",
        "dynamodb:GetItem users",
        "dynamodb:UpdateItem connections",
        "dynamodb:PutItem subscriptions",
        "dynamodb:DeleteItem subscriptions",
        *(f"dynamodb:{action} bars" for action in ("GetItem", "Query", "BatchGetItem", "BatchWriteItem")),
        *(f"dynamodb:{action} alerts" for action in ("GetItem", "BatchGetItem", "Query", "PutItem", "DeleteItem")),
        "ses:SendEmail None",
        *(f"dynamodb:{action} trading" for action in ("GetItem", "Query", "BatchGetItem", "PutItem", "DeleteItem")),
        "dynamodb:Query trading/index/by_number",
        "states:StartExecution tickfold-embedded-backtest",
        "states:StopExecution tickfold-embedded-backtest:*",
        *ENDS,
        *FORGETS,
        *TALKS,
    ],
    "http": [
        "s3:ListBucket data/series/*",
        "s3:GetObject data/series/*",
        "s3:GetObjectVersion data/bars/*",
        *(f"s3:GetObject data/{folder}/*" for folder in ("trades", "equity", "equity_by_symbol")),
        "dynamodb:Query runs",
        "dynamodb:Query runs/index/by_user",
        "dynamodb:PutItem users",
        "dynamodb:GetItem users",
        *(f"dynamodb:{action} bars" for action in ("GetItem", "Query", "BatchGetItem", "BatchWriteItem")),
        *(f"dynamodb:{action} alerts" for action in ("GetItem", "BatchGetItem", "Query", "PutItem", "DeleteItem")),
        "ses:SendEmail None",
        *(f"dynamodb:{action} trading" for action in ("GetItem", "Query", "BatchGetItem", "PutItem", "DeleteItem")),
        "dynamodb:Query trading/index/by_number",
        "states:StartExecution tickfold-embedded-backtest",
        "states:StopExecution tickfold-embedded-backtest:*",
        *ENDS,
    ],
    "deliver": [
        "dynamodb:Query subscriptions",
        "dynamodb:Query alerts",
        "events:PutEvents None",
        *FORGETS,
        *TALKS,
    ],
    "plan": ["s3:GetObject data/series/*", "s3:PutObject data/chunks/*", *ENDS],
    "simulate": [
        "s3:GetObject data/chunks/*",
        "s3:GetObjectVersion data/bars/*",
        "s3:PutObject data/chunks/*",
        *TELLS,
    ],
    "reduce": [
        "s3:GetObject data/chunks/*",
        "s3:ListBucket data/chunks/*",
        "s3:PutObject data/chunks/*",
        "s3:GetObjectVersion data/bars/*",
        "s3:PutObject data/equity/*",
        "s3:PutObject data/equity_by_symbol/*",
        "s3:PutObject data/runs_by_symbol/*",
        "s3:PutObject data/trades/*",
        "s3:PutObject data/sweeps/*",
        "s3:PutObject data/walk_forward/*",
        "s3:PutObject data/runs/*",
        *ENDS,
    ],
    "report-failure": ENDS,
    "reconcile": [
        "dynamodb:Query runs/index/by_status",
        "states:DescribeExecution tickfold-embedded-backtest:*",
        *ENDS,
    ],
    "trade": [
        "dynamodb:Query bars",
        *(f"dynamodb:{action} trading" for action in ("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem")),
        "s3:ListBucket data/series/*",
        "s3:GetObject data/series/*",
        "s3:GetObjectVersion data/bars/*",
    ],
    "export-portfolios": [
        "dynamodb:Query trading",
        "s3:ListBucket data/portfolios/*",
        "s3:GetObject data/portfolios/*",
        "s3:PutObject data/portfolios/*",
    ],
    "tick": [
        *(f"dynamodb:{action} bars" for action in ("Query", "GetItem", "UpdateItem", "PutItem")),
        "events:PutEvents None",
        "secretsmanager:GetSecretValue market-data",
    ],
    "check-feed": [
        "dynamodb:Query bars",
        "dynamodb:BatchGetItem bars",
        "cloudwatch:PutMetricData None",
    ],
    "evaluate": ["dynamodb:Query bars", "dynamodb:Query trading", "dynamodb:GetItem alerts", *EVALUATES],
    "check-silence": ["dynamodb:Query bars", "dynamodb:BatchGetItem bars", *EVALUATES],
    "send": [
        *(f"dynamodb:{action} alerts" for action in ("GetItem", "BatchGetItem", "UpdateItem")),
        "ses:SendEmail None",
    ],
    "follow-link": ["dynamodb:GetItem alerts", "dynamodb:UpdateItem alerts"],
    "quotes": ["secretsmanager:GetSecretValue market-data"],
    "catch-up": ["dynamodb:Query bars", "secretsmanager:GetSecretValue market-data"],
    "export": ["secretsmanager:GetSecretValue market-data"],
    "fetch": [
        *(f"dynamodb:{action} bars" for action in ("BatchGetItem", "Query", "GetItem", "UpdateItem")),
        "secretsmanager:GetSecretValue market-data",
        "s3:ListBucket data/series/*",
        "s3:GetObject data/series/*",
        "s3:PutObject data/series/*",
        "s3:ListBucket data/bars/*",
        "s3:GetObject data/bars/*",
        "s3:GetObjectVersion data/bars/*",
        "s3:PutObject data/bars/*",
        *TELLS,
    ],
    "compact": [
        *(f"dynamodb:{action} bars" for action in ("Query", "GetItem", "UpdateItem", "BatchWriteItem")),
        "s3:ListBucket data/series/*",
        "s3:GetObject data/series/*",
        "s3:PutObject data/series/*",
        "s3:ListBucket data/bars/*",
        "s3:GetObject data/bars/*",
        "s3:GetObjectVersion data/bars/*",
        "s3:PutObject data/bars/*",
    ],
}
UNSEEN = {
    *(
        (function, f"s3:ListBucket data/{folder}/*")
        for function in ("compact", "fetch")
        for folder in ("series", "bars")
    ),
    ("trade", "s3:ListBucket data/series/*"),
    ("export-portfolios", "s3:ListBucket data/portfolios/*"),
}
"""Whoever may not list gets 403 instead of 404 where an object is missing; from the emulator it is always 404."""
HEADS = {
    (function, "s3:GetObject data/bars/*"): "(403) when calling the HeadObject operation"
    for function in ("compact", "fetch")
}
"""What the log says instead of a right where the answer has no body."""
EACH = [(function, right) for function, rights in RIGHTS.items() for right in rights if (function, right) not in UNSEEN]
PATIENCE = 60
"""Seconds to wait for a message, a row or a log line; each takes about one."""
ATTEMPTS = 3
"""A scenario can fail before it comes to the right, where a busy machine lets a function time out: then once more."""
GRACE = 3
"""Seconds after a refusal within which a retry or another way would have led to the message all the same."""


class Refusal:
    """The line in a function's log which says that its role lacks an action."""

    def __init__(self, stack: EmbeddedStack, function: str, right: str) -> None:
        self._stack, self._function = stack, function
        self._text = HEADS.get((function, right)) or f"not authorized to perform: {right.split(maxsplit=1)[0]}"
        self._began = datetime.now(UTC)
        self._seen: float | None = None

    def is_logged(self) -> bool:
        if self._seen is None and _logged(self._stack, self._function, self._began, self._text):
            self._seen = time.monotonic()
        return self._seen is not None

    def is_final(self) -> bool:
        """Return whether the refusal is so long ago that nothing has got around it."""
        return self.is_logged() and self._seen is not None and time.monotonic() > self._seen + GRACE


class Role:
    """The deployed inline policy of a function's role."""

    def __init__(self, stack: EmbeddedStack, function: str) -> None:
        self._iam = stack.client("iam")
        configuration = stack.client("lambda").get_function_configuration(FunctionName=f"tickfold-embedded-{function}")
        self._role = configuration["Role"].rsplit("/", 1)[1]
        (self._policy,) = self._iam.list_role_policies(RoleName=self._role)["PolicyNames"]
        self.document = self._iam.get_role_policy(RoleName=self._role, PolicyName=self._policy)["PolicyDocument"]

    def rights(self) -> list[str]:
        return [
            _name(action, statement)
            for statement in self.document["Statement"]
            for action in statement["Action"]
            if not action.startswith(BEYOND_THE_EMULATOR)
        ]

    @contextmanager
    def without(self, right: str) -> Iterator[None]:
        """Remove one permission from the role for the `with` block."""
        statements: list[Json] = []
        for statement in self.document["Statement"]:
            kept = [action for action in statement["Action"] if _name(action, statement) != right]
            if kept:
                statements.append(statement | {"Action": kept})
        self._put(self.document | {"Statement": statements})
        try:
            yield
        finally:
            self._put(self.document)

    def _put(self, document: Json) -> None:
        self._iam.put_role_policy(RoleName=self._role, PolicyName=self._policy, PolicyDocument=json.dumps(document))


def _name(action: str, statement: Json) -> str:
    """Return a permission's name: its action and the end of its resource."""
    (resource,) = statement["Resource"]
    if ":secret:" in resource:
        return f"{action} market-data"
    prefix = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix")
    for mark in ("/live/", ":table/tickfold-embedded-", ":stateMachine:", ":execution:", "/data/"):
        if mark in resource:
            prefix = resource.split(mark, 1)[1]
            return f"{action} {'data/' if mark == '/data/' else ''}{prefix}"
    return f"{action} {prefix}"


class Scenario:
    """Everything that the system does, in parts. Functions are invoked directly, so that their logs are captured."""

    def __init__(self, stack: EmbeddedStack, replayed: Path) -> None:
        self._stack = stack
        self._replayed = replayed
        self._bars = stack.cloud.table(stack.outputs["bars_table"])
        self._dynamodb = stack.client("dynamodb")
        self._user = "nobody"
        self._hopeless: Callable[[], bool] = lambda: False

    @contextmanager
    def until(self, refusal: Refusal) -> Iterator[None]:
        """Wait for no message once `refusal` is final, and leave nothing behind that is tried again in vain."""
        self._hopeless = refusal.is_final
        try:
            yield
        finally:
            self._hopeless = lambda: False
            self._stop_executions()

    def connections(self) -> None:
        """A connection is opened, subscribed to a portfolio, and closed."""
        connection_id = f"{secrets.token_hex(6)}="
        event = {"requestContext": self._context(connection_id), "queryStringParameters": {"portfolioId": "growth"}}
        assert self._invoke("connect", event) == {"statusCode": 200}
        assert self._rows_of(connection_id) == 2
        assert self._invoke("disconnect", event) == {"statusCode": 200}
        assert self._rows_of(connection_id) == 0

    def run(self) -> None:
        """A run of two symbols succeeds, streams its messages, and can be fetched, resumed and listed."""
        began = datetime.now(UTC)
        with self._connected() as (client, connection_id):
            asked = start(["AAPL", "IBM"], **SMA, chunks=3) | {"key": secrets.token_hex(8)}
            self._message(connection_id, asked)
            received = client.receive_all()
            assert [message["type"] for message in received[:2]] == ["accepted", "planned"]
            assert received[-1]["type"] == "result"
            assert "progress" in {message["type"] for message in received}
            run_id = received[0]["runId"]
            self._ended(run_id)
            # A worker that may not publish progress fails after writing its chunk; its retry hides that.
            assert not _logged(self._stack, "simulate", began, "the step failed")
            self._message(connection_id, {"type": "resume", "runId": run_id, "after": received[-2]["sequence"]})
            assert client.receive()["type"] == "resumed"
            assert client.receive() == received[-1]
            self._message(connection_id, {"type": "list_runs", "limit": 1})
            listed = client.receive()
            assert listed["type"] == "runs"
            assert listed["runs"][0]["runId"] == run_id
            self._message(connection_id, asked)  # again under its key: nothing is started
            assert client.receive_all() == received

    def subscriptions(self) -> None:
        """A connection subscribes to its user's runs, and unsubscribes."""
        with self._connected() as (client, connection_id):
            rows = self._rows_of(connection_id)
            for kind, more in (("subscribe", 1), ("unsubscribe", 0)):
                self._message(connection_id, {"type": kind, "topic": "user"})
                assert client.receive()["type"] == f"{kind}d"
                assert self._rows_of(connection_id) == rows + more

    def cancel(self) -> None:
        """A run is cancelled."""
        with self._connected() as (client, connection_id):
            self._message(connection_id, start(**SMA, chunks=200))
            accepted = client.receive()
            self._message(connection_id, {"type": "cancel", "runId": accepted["runId"]})
            assert client.receive_all()[-1]["type"] == "cancelled"
        assert self._ended(accepted["runId"])["status"] == "ABORTED"

    def gone(self) -> None:
        """The rows of a closed connection are deleted, whether a reply or a delivery finds it gone."""
        replied, delivered = (f"{secrets.token_hex(6)}=" for _ in range(2))
        for connection_id in (replied, delivered):
            event = {"requestContext": self._context(connection_id), "queryStringParameters": {"portfolioId": "growth"}}
            self._invoke("connect", event)
            as_if_long_open(self._stack, connection_id)
        self._message(replied, {"type": "whoami"})
        assert self._rows_of(replied) == 0
        with self._connected() as (client, connection_id):
            self._message(connection_id, start(**SMA, chunks=1) | {"portfolio": "growth"})
            self._ended(client.receive_all()[0]["runId"])
        self._wait(lambda: self._rows_of(delivered) == 0, "the rows of the closed connection are not deleted")

    def expired(self) -> None:
        """A connection whose token has expired gets an error and is closed."""
        with self._connected() as (client, connection_id):
            self._message(connection_id, {"type": "whoami"}, expires=int(time.time()) - 1)
            assert client.receive()["code"] == "expired"
            assert client.is_closed()

    def cut_off(self) -> None:
        """A connection to which delivery fails is closed, so that its client reconnects and resumes."""
        with self._connected() as (client, connection_id):
            self._message(connection_id, {"type": "subscribe", "topic": "user"})
            assert client.receive()["type"] == "subscribed"
            with Role(self._stack, "deliver").without(TALKS[0]):
                self._message(f"{secrets.token_hex(6)}=", start(**SMA, chunks=1))
                assert client.is_closed()
            self._wait(lambda: self._rows_of(connection_id) == 0, "the connection that was cut off is remembered")

    def watched(self) -> None:
        """A symbol is watched, followed, listed, and watched no longer."""
        symbol = _new_symbol()
        with self._connected() as (client, connection_id):
            for request, answer in (
                ({"type": "add_feed_symbols", "symbols": [symbol]}, "feed"),
                ({"type": "list_feed"}, "feed"),
                ({"type": "subscribe", "topic": "symbol", "id": symbol}, "subscribed"),
                ({"type": "remove_feed_symbols", "symbols": [symbol]}, "feed"),
            ):
                self._message(connection_id, request)
                assert client.receive()["type"] == answer

    def traded(self) -> None:
        """A portfolio is created, followed, traded in, and listed."""
        with fed_symbol(self._stack) as fed, self._connected() as (client, connection_id):
            growth = {"portfolio": "growth"}
            order = {"symbol": fed.symbol, "side": "buy", "quantity": 1}
            for request, answer in (
                ({"type": "create_portfolio", "name": "growth", "cash": 1_000}, "portfolio"),
                ({"type": "list_portfolios"}, "portfolios"),
                ({"type": "subscribe", "topic": "journal", "id": "growth", "after": 1}, "subscribed"),
                (growth | {"type": "place_order", "orderId": "a", "order": order}, "order"),
                (growth | {"type": "cancel_orders"}, "orders"),
                (growth | {"type": "list_orders", "ended": True}, "orders"),
                (growth | {"type": "get_journal"}, "journal"),
                (growth | {"type": "list_bots"}, "bots"),
                (growth | {"type": "get_bot", "bot": "none"}, "error"),
            ):
                self._message(connection_id, request)
                received = client.receive()
                while received["type"] == "journal_entry":  # which is pushed
                    received = client.receive()
                assert received["type"] == answer

    def stepped(self) -> None:
        """A bot steps over bars of the lake and of the feed, and is stopped; the state of another cannot be read."""
        with fed_symbol(self._stack) as fed:
            before = fed.bars[0].bar.time - timedelta(hours=1)
            older = bars_of(each.bar for each in feed_bars(5, start=before))
            BarStore(self._stack.client("s3"), self._stack.outputs["bucket"]).put(fed.symbol, "1m", older, "test")
            sound, broken = (BotsPortfolio(self._stack, f"{kind}-{fed.symbol}") for kind in ("sound", "broken"))
            for each in (sound, broken):
                each.start_bot(fed.symbol, before.date(), strategy="buy_and_hold", timeframe="1m")
            broken.table.update_item(
                Key={"portfolio": f"p#{broken.portfolio}", "entry": f"bot#{NAME}"},
                UpdateExpression="SET #state = :state",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={":state": b"of another version"},
            )
            event = {"detail": {"symbols": [fed.symbol]}}
            assert self._invoke("trade", event)["written"].keys() == {sound.portfolio, broken.portfolio}
            assert sound.state().shares > 0
            assert len(broken.steps("paused")) == 1
            sound.owner.stop(sound.portfolio, NAME, "trader")
            fed.feed(6, 9)
            self._invoke("trade", event)
            assert sound.portfolios.of_symbol(fed.symbol) == [broken.portfolio]

    def in_the_lake(self) -> None:
        """A portfolio is put into the lake, and later what it has done since."""
        portfolio = BotsPortfolio(self._stack, f"exported-{secrets.token_hex(3)}")
        for deposits in range(2):
            assert self._invoke("export-portfolios", {})["written"][portfolio.portfolio] == 1
            portfolio.portfolios.append(portfolio.found, deposited(1.0 + deposits), "trader")

    def announced(self) -> None:
        """A portfolio's bot steps over bars as soon as the feed has stored them."""
        with self._fed_symbol() as symbol:
            portfolio = BotsPortfolio(self._stack, f"announced-{symbol}")
            portfolio.start_bot(symbol, timeframe="1m")
            self._tick(40)
            self._wait(lambda: portfolio.state().run.bars == 10, "the bot has not stepped over the bars")

    def over_http(self) -> None:
        """A run is started, listed and looked at over HTTP, by a worker that has no bars in memory; so are bars."""
        symbols = [_new_symbol(), _new_symbol()]
        for symbol in symbols:
            copy_of_ibm(self._stack, symbol)
        self._user = f"user-{secrets.token_hex(6)}"
        body = start(symbols, **SMA, chunks=1) | {"key": secrets.token_hex(8)}
        with deployed(self._stack, "http"):
            run_id = self._http("POST", "/v1/runs", body)["runId"]
            assert self._http("POST", "/v1/runs", body)["runId"] == run_id
            assert self._http("GET", "/v1/runs")["runs"][0]["runId"] == run_id
            self._wait(lambda: self._http("GET", f"/v1/runs/{run_id}")["status"] != "running", "the run goes on")
            assert self._http("GET", f"/v1/runs/{run_id}")["status"] == "succeeded"
            assert self._http("GET", f"/v1/runs/{run_id}/equity")["points"]
            assert self._http("GET", f"/v1/runs/{run_id}/messages")["messages"]
            assert self._http("GET", f"/v1/series/{symbols[0]}/1d/bars")["candles"]
            assert self._http("GET", "/v1/series")["series"]

    def watched_over_http(self) -> None:
        """A symbol is watched, and no longer, and its minutes are looked at over HTTP."""
        with self._fed_symbol() as symbol:
            self._tick(40)
            assert self._http("PUT", f"/v1/feed/symbols/{symbol}", {})["symbols"]
            assert self._http("GET", f"/v1/series/{symbol}/1m/bars")["bars"] == 10
            self._http("DELETE", f"/v1/feed/symbols/{symbol}")

    def cancelled_over_http(self) -> None:
        """A run is cancelled over HTTP."""
        self._user = f"user-{secrets.token_hex(6)}"
        run_id = self._http("POST", "/v1/runs", start(**SMA, chunks=200))["runId"]
        assert self._http("DELETE", f"/v1/runs/{run_id}")["type"] == "cancelled"
        assert self._ended(run_id)["status"] == "ABORTED"

    def traded_over_http(self) -> None:
        """A portfolio is created, traded in and listed over HTTP."""
        self._user = f"user-{secrets.token_hex(6)}"
        orders = "/v1/portfolios/growth/orders"
        with fed_symbol(self._stack) as fed:
            order = {"symbol": fed.symbol, "side": "buy", "quantity": 1}
            for method, path, body, answer in (
                ("POST", "/v1/portfolios", {"name": "growth", "cash": 1_000}, "portfolio"),
                ("GET", "/v1/portfolios", None, "portfolios"),
                ("POST", orders, {"orderId": "a", "order": order}, "order"),
                ("DELETE", orders, None, "orders"),
                ("GET", f"{orders}?ended=true", None, "orders"),
                ("GET", "/v1/portfolios/growth/journal", None, "journal"),
            ):
                assert self._http(method, path, body)["type"] == answer

    def alerted_over_http(self) -> None:
        """A user sets an address, and makes, tests, lists and deletes a rule, over HTTP."""
        self._user = f"user-{secrets.token_hex(6)}"
        preferences = {"timeZone": "UTC", "channels": ["browser"], "email": f"{self._user}@example.com"}
        self._http("PUT", "/v1/alerts/preferences", {"preferences": preferences})
        with fed_symbol(self._stack) as fed:
            wanted = {"condition": {"kind": "price", "symbol": fed.symbol, "above": 1}, "channels": ["browser"]}
            rule_id = self._http("POST", "/v1/alerts/rules", {"rule": wanted})["rule"]["ruleId"]
            assert self._http("POST", f"/v1/alerts/rules/{rule_id}/test")["kind"] == "test"
            assert len(self._http("GET", "/v1/alerts")["alerts"]) == 1
            self._http("DELETE", f"/v1/alerts/rules/{rule_id}")
            assert self._http("GET", "/v1/alerts/rules")["rules"] == []

    def fed(self) -> None:
        """A watched symbol's bars are fetched, and put into the lake; also anew where somebody deleted them there."""
        s3, bucket = self._stack.client("s3"), self._stack.outputs["bucket"]
        with self._fed_symbol() as symbol:
            for minute, later in ((40, 14), (50, 15)):
                self._tick(minute)
                added = self._invoke("compact", {"scheduled_time": f"2025-12-{later}T20:00:00Z"})["added"]
                assert added[symbol] == 10
                s3.delete_object(Bucket=bucket, Key=layout.bars_key(symbol, "1m", 2025))
            assert SeriesCatalog(s3, bucket).get(symbol, "1m").bars == 20

    def checked(self) -> None:
        """The silence of a symbol without bars is measured."""
        with self._fed_symbol():
            measured = self._invoke("check-feed", {"scheduled_time": "2025-11-28T14:40:00Z"})
        assert measured["SilentSessionMinutes"] == 10

    def quoted(self) -> None:
        """A symbol is quoted, by a worker that has not read the keys of providers yet."""
        with self._fed_symbol() as symbol, deployed(self._stack, "quotes"):
            assert self._invoke("quotes", {"symbols": [symbol]})["body"]["market_data"][symbol]["price"] > 0

    def caught_up(self) -> None:
        """What PostgreSQL lacks is looked for, by a worker that has not read its connection string yet."""
        with self._fed_symbol(), deployed(self._stack, "catch-up"):
            self._tick(40)
            assert self._invoke("catch-up", {})["refused"] == 0

    def exported(self) -> None:
        """A bar of the stream is exported, by a worker that has not read the connection string yet."""
        (bar,) = minutes(1)
        with deployed(self._stack, "export"):
            assert self._invoke("export", {"Records": [record_of(item_of(bar, 1), 1)]}) == {"batchItemFailures": []}

    def alerted(self) -> None:
        """A user sets an address and makes a rule, which a bar makes alert; the rule is listed and deleted."""
        with self._fed_symbol() as symbol, self._connected() as (client, connection_id):
            address = f"{self._user}@example.com"
            preferences = {"timeZone": "UTC", "channels": ["browser"], "email": address}
            wanted = {"condition": {"kind": "price", "symbol": symbol, "above": 1}, "channels": ["browser"]}
            self._asked(client, connection_id, {"type": "set_alert_preferences", "preferences": preferences})
            made = self._asked(client, connection_id, {"type": "create_alert_rule", "rule": wanted})
            self._tick(40)
            self._invoke("evaluate", {"detail": {"symbols": [symbol]}})
            (alert,) = self._asked(client, connection_id, {"type": "list_alerts"})["alerts"]
            assert alert["alert"]["symbol"] == symbol
            rule_id = made["rule"]["ruleId"]
            for request in ("test_alert", "delete_alert_rule"):
                self._asked(client, connection_id, {"type": request, "ruleId": rule_id})
            assert self._asked(client, connection_id, {"type": "list_alert_rules"})["rules"] == []

    def alerted_of_portfolio(self) -> None:
        """A rule on a portfolio alerts as soon as the journal says that its trading was stopped."""
        with self._connected() as (client, connection_id):
            growth = {"portfolio": f"growth{secrets.token_hex(3)}"}
            rule_on_it = {"condition": {"kind": "killed", **growth}}
            for request in (
                {"type": "create_portfolio", "name": growth["portfolio"]},
                {"type": "create_alert_rule", "rule": rule_on_it},
                {"type": "kill", **growth},
            ):
                self._asked(client, connection_id, request)
            listed = {"type": "list_alerts"}
            self._wait(lambda: bool(self._asked(client, connection_id, listed)["alerts"]), "the kill alerts nobody")

    def silent(self) -> None:
        """A rule on the silence of the feed alerts."""
        store, owner = self._alerts(), f"user-{secrets.token_hex(6)}"
        of = replace(rule({"kind": "feed_silent", "minutes": 5}), owner=owner)
        assert store.create(Standing(of, initial_state(of)))
        try:
            with self._fed_symbol():
                self._invoke("check-silence", {"scheduled_time": "2027-06-02T16:00:00Z"})
            assert len(store.alerts_of(owner, 9)[0]) == 1
        finally:
            store.delete(of)

    def mailed(self) -> None:
        """An alert goes by e-mail, and by a webhook whose rule is gone."""
        store, owner = self._alerts(), f"user-{secrets.token_hex(6)}"
        store.set_preferences(owner, _confirmed(owner))
        message = Alert(alert_id="a1", rule_id="r0", kind="test", title="Test", text="A test.", at=1)
        alert = RecordedAlert(owner, message, ("email", "webhook"))
        store.record(alert)
        outcome = {"email": "sent", "webhook": "not sent: the rule is gone"}
        self._wait(lambda: store.deliveries(alert) == outcome, "what became of the alert is not noted")

    def linked(self) -> None:
        """The link in a message unsubscribes."""
        store, owner = self._alerts(), f"user-{secrets.token_hex(6)}"
        user = _confirmed(owner)
        store.set_preferences(owner, user)
        _, _, token = Links("").link(owner, user, "unsubscribe").partition("=")
        event = {"queryStringParameters": {"token": token}, "requestContext": {"http": {"method": "POST"}}}
        assert self._invoke("follow-link", event)["statusCode"] == 200
        assert store.preferences(owner).email_state == "unsubscribed"

    def _alerts(self) -> AlertStore:
        return AlertStore(self._stack.cloud.table(self._stack.outputs["alerts_table"]))

    def _asked(self, client: WebSocketClient, connection_id: str, request: Json) -> Json:
        """Send a request; return its reply."""
        correlation_id = secrets.token_hex(8)
        self._message(connection_id, request | {"correlationId": correlation_id})
        while (reply := client.receive()).get("correlationId") != correlation_id:
            pass
        assert reply["type"] != "error", reply
        return reply

    @contextmanager
    def _fed_symbol(self) -> Iterator[str]:
        """Watch a new symbol, whose minutes are in a file."""
        symbol = _new_symbol()
        watch_list = WatchList(self._bars)
        write_minutes(self._replayed / f"{symbol}.csv", minutes_of(HALF_DAY, MONDAY))
        watch_list.add([symbol], "XNYS", "test")
        try:
            yield symbol
        finally:
            watch_list.remove([symbol])
            (self._replayed / f"{symbol}.csv").unlink()

    def _tick(self, minute: int) -> None:
        answer = self._invoke("tick", {"scheduled_time": f"2025-11-28T14:{minute}:00Z"})
        assert json.loads(answer["body"])["equity_rows"] > 0

    def fed_by_a_new_worker(self) -> None:
        """As `fed`, by a worker that has not read the keys of providers yet."""
        with deployed(self._stack, "tick"):
            self.fed()

    def one_symbol(self) -> None:
        """A run of one symbol succeeds."""
        self._succeeds(start(**SMA, chunks=3))

    def fetched(self) -> None:
        """A run fetches the bars of a new symbol, and a later one more of them, some of which the feed has; a run of
        another symbol fails.

        By a worker that has not read the keys of providers yet.
        """
        later = SMA | {"timeframe": "1m", "parameters": {"fast": 2, "slow": 5}, "startDate": "2025-11-28"}
        s3, bucket = self._stack.client("s3"), self._stack.outputs["bucket"]
        with self._fed_symbol() as symbol:
            with deployed(self._stack, "fetch"):
                self._succeeds(start(symbol, **later | {"endDate": "2025-11-28"}))
                s3.delete_object(Bucket=bucket, Key=layout.bars_key(symbol, "1m", 2025))
                self._invoke("tick", {"scheduled_time": "2025-12-01T14:40:00Z"})
                self._succeeds(start(symbol, **later | {"endDate": "2025-12-01"}))
                assert HotStore(self._bars).state(symbol).compacted == 10
            with self._connected() as (client, connection_id):
                self._message(connection_id, start(_new_symbol(), **later | {"endDate": "2025-12-01"}))
                failure = client.receive_all()[-1]
            assert (failure["type"], failure["stage"]) == ("failed", "plan")
            assert "no file of" in failure["reason"]

    def unread_bars(self) -> None:
        """A run succeeds of bars that no worker has read yet, and so none has in memory."""
        symbol = _new_symbol()
        copy_of_ibm(self._stack, symbol)
        self._succeeds(start(symbol, **SMA, chunks=3))

    def sweep(self) -> None:
        """A sweep succeeds."""
        self._succeeds(sweep(chunks=2))

    def walk_forward(self) -> None:
        """A walk-forward succeeds."""
        self._succeeds(sweep(chunks=2, walkForward={"inSample": 1_000, "outOfSample": 1_000}))

    def failure(self) -> None:
        """A run fails with a reason."""
        with self._connected() as (client, connection_id):
            self._message(connection_id, start(BROKEN, **SMA, chunks=3))
            failure = client.receive_all()[-1]
        assert failure["type"] == "failed"
        assert "were deleted" in failure["reason"]

    def reconciled(self) -> None:
        """A run whose execution is over is ended though no event of it comes."""
        events, step_functions = self._stack.client("events"), self._stack.client("stepfunctions")
        with self._connected() as (client, connection_id):
            self._message(connection_id, start(**SMA, chunks=200))
            accepted = client.receive()
            events.disable_rule(Name=UNSUCCESSFUL)
            try:
                step_functions.stop_execution(executionArn=accepted["executionArn"])
                self._invoke("reconcile", {})
            finally:
                events.enable_rule(Name=UNSUCCESSFUL)
            ended = client.receive_all()[-1]
        assert (ended["type"], ended["stage"]) == ("failed", "workflow")
        assert "it was stopped" in ended["reason"]
        self._invoke("reconcile", {})

    def _succeeds(self, request: Json) -> None:
        with self._connected() as (client, connection_id):
            self._message(connection_id, request)
            assert client.receive_all()[-1]["type"] == "result"

    @contextmanager
    def _connected(self) -> Iterator[tuple[WebSocketClient, str]]:
        """Open a connection of a new user; yield it and its id."""
        self._user = f"user-{secrets.token_hex(6)}"
        with connected(url_for(self._stack, self._user, ["growth"]), PATIENCE, self._hopeless) as client:
            rows = self._dynamodb.scan(TableName=self._stack.outputs["connections_table"])["Items"]
            (connection_id,) = (row["connection_id"]["S"] for row in rows if row["user_id"]["S"] == self._user)
            yield client, connection_id

    def _wait(self, done: Callable[[], bool], otherwise: str) -> None:
        _wait(lambda: done() or self._hopeless(), otherwise)
        assert done(), otherwise

    def _rows_of(self, connection_id: str) -> int:
        names = {"connections": self._stack.outputs["connections_table"]}
        names["subscriptions"] = self._stack.outputs["subscriptions_table"]
        rows = [row for name in names.values() for row in self._dynamodb.scan(TableName=name)["Items"]]
        return sum(row["connection_id"]["S"] == connection_id for row in rows)

    def _ended(self, run_id: str) -> Json:
        """Wait until a run's execution ends; return its description."""
        machine = self._stack.outputs["state_machine_arn"].replace(":stateMachine:", ":execution:")
        return wait_for_execution(self._stack, f"{machine}:{run_id}")

    def _stop_executions(self) -> None:
        machine, step_functions = self._stack.outputs["state_machine_arn"], self._stack.client("stepfunctions")
        for execution in step_functions.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]:
            step_functions.stop_execution(executionArn=execution["executionArn"])

    def _message(self, connection_id: str, body: Json, expires: int | None = None) -> None:
        self._invoke("message", {"requestContext": self._context(connection_id, expires), "body": json.dumps(body)})

    def _http(self, method: str, path: str, body: Json | None = None) -> Any:
        """Return the answer to a request, which must succeed, as API Gateway hands it on."""
        path, _, query = path.partition("?")
        event = {
            "version": "2.0",
            "rawPath": path,
            "queryStringParameters": dict(parse_qsl(query)),
            "headers": {"authorization": f"Bearer {self._stack.token(self._user)}", "content-type": "application/json"},
            "requestContext": {
                "http": {"method": method, "path": path},
                "requestId": secrets.token_hex(8),
                "stage": "$default",
                "authorizer": {"jwt": {"claims": {}}},
            },
        }
        answer = self._invoke("http", event if body is None else event | {"body": json.dumps(body)})
        assert answer["statusCode"] < 300, answer["body"]
        return json.loads(answer["body"])

    def _context(self, connection_id: str, expires: int | None = None) -> Json:
        """Return the `requestContext` of an event on an authorized connection."""
        identity = User(self._user, ("growth",), expires or int(time.time()) + 3_600)
        message_id = secrets.token_hex(8)
        return {"connectionId": connection_id, "messageId": message_id, "authorizer": identity.to_context()}

    def _invoke(self, function: str, event: Json) -> Any:
        answer = self._stack.client("lambda").invoke(
            FunctionName=f"tickfold-embedded-{function}:live", Payload=json.dumps(event)
        )
        payload = answer["Payload"].read()
        assert "FunctionError" not in answer, payload
        return json.loads(payload)


BROKEN = "BROKEN"
UNSUCCESSFUL = "tickfold-embedded-backtest-unsuccessful"
SCHEDULES = tuple(f"tickfold-embedded-{work}" for work in ("reconcile", "trade", "export-portfolios", "evaluate"))
PARTS = (
    *("connections", "run", "subscriptions", "cancel", "gone", "expired"),
    *("alerted", "alerted_of_portfolio", "silent", "mailed", "linked"),
    *("watched", "traded", "stepped", "in_the_lake", "announced"),
    *("fed", "fed_by_a_new_worker", "checked", "quoted", "caught_up", "exported"),
    *("over_http", "watched_over_http", "cancelled_over_http", "traded_over_http", "alerted_over_http"),
    *("cut_off", "one_symbol", "fetched", "unread_bars", "sweep", "walk_forward", "failure", "reconciled"),
)
PART = {
    "connect": "connections",
    "disconnect": "connections",
    "report-failure": "failure",
    "reconcile": "reconciled",
    "fetch": "fetched",
    "tick": "fed",
    "trade": "stepped",
    "export-portfolios": "in_the_lake",
    "compact": "fed",
    "check-feed": "checked",
    "catch-up": "caught_up",
    "export": "exported",
    "quotes": "quoted",
    "http": "over_http",
    "evaluate": "alerted",
    "check-silence": "silent",
    "send": "mailed",
    "follow-link": "linked",
}
"""The part of the scenario that uses a function's rights; that of the others is the run."""
PART_OF_RIGHT = {
    "s3:GetObjectVersion data/bars/*": "unread_bars",
    "s3:PutObject data/sweeps/*": "sweep",
    "s3:PutObject data/walk_forward/*": "walk_forward",
    "dynamodb:DeleteItem subscriptions": "subscriptions",
    "states:StopExecution tickfold-embedded-backtest:*": "cancel",
}
"""The part that uses a right which the function's other parts do not."""
PART_OF_BOTH = {
    **{("http", right): "over_http" for right in RIGHTS["http"]},
    **{("http", right): "watched_over_http" for right in RIGHTS["http"] if right.endswith(" bars")},
    **{("http", right): "alerted_over_http" for right in RIGHTS["http"] if right.endswith((" alerts", "Email None"))},
    **{("http", right): "traded_over_http" for right in RIGHTS["http"] if " trading" in right},
    ("http", "dynamodb:UpdateItem runs"): "cancelled_over_http",
    ("http", "states:StopExecution tickfold-embedded-backtest:*"): "cancelled_over_http",
    **{("message", right): "watched" for right in RIGHTS["message"] if right.endswith(" bars")},
    **{("message", right): "alerted" for right in RIGHTS["message"] if right.endswith((" alerts", "SendEmail None"))},
    **{("message", right): "traded" for right in RIGHTS["message"] if " trading" in right},
    ("compact", "s3:GetObjectVersion data/bars/*"): "fed",
    ("fetch", "s3:GetObjectVersion data/bars/*"): "fetched",
    ("tick", "secretsmanager:GetSecretValue market-data"): "fed_by_a_new_worker",
    ("tick", "events:PutEvents None"): "announced",
    ("trade", "s3:GetObjectVersion data/bars/*"): "stepped",
    **{("message", right): "gone" for right in FORGETS},
    **{("deliver", right): "gone" for right in FORGETS},
    ("message", TALKS[1]): "expired",
    ("message", "dynamodb:UpdateItem runs"): "cancel",
    ("deliver", TALKS[1]): "cut_off",
    ("deliver", "dynamodb:Query alerts"): "alerted_of_portfolio",
    ("deliver", "events:PutEvents None"): "alerted_of_portfolio",
    ("evaluate", "dynamodb:Query trading"): "alerted_of_portfolio",
    ("reduce", "s3:ListBucket data/chunks/*"): "one_symbol",
    ("reduce", "s3:PutObject data/chunks/*"): "one_symbol",
}
"""The part that uses a right of one function, where another's use of it is in another part."""


def _confirmed(owner: str) -> UserPreferences:
    """Return the preferences of a user with a confirmed address."""
    return UserPreferences(Preferences(email=f"{owner}@example.com"), "confirmed")


def _new_symbol() -> str:
    return f"NEW{secrets.token_hex(3).upper()}"


def _wait(done: Callable[[], bool], otherwise: str) -> None:
    assert _comes(done, PATIENCE), otherwise


def _comes(done: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def copy_of_ibm(stack: EmbeddedStack, symbol: str) -> Series:
    """Load the daily bars of IBM as those of `symbol`."""
    store = BarStore(stack.client("s3"), stack.outputs["bucket"])
    ibm = store.catalog.get("IBM", "1d")
    return store.put(symbol, "1d", store.read(ibm, 0, ibm.bars), "a copy of IBM")


@pytest.fixture(scope="module")
def scenario(stack: EmbeddedStack, replayed: Path) -> Iterator[Scenario]:
    """The scenario, with a series of which one file is deleted: a run of it fails in simulate.

    What has a schedule comes when the scenario asks for it only: it would at times do what another function may not.
    """
    series = copy_of_ibm(stack, BROKEN)
    stack.client("s3").delete_object(
        Bucket=stack.outputs["bucket"], Key=layout.bars_key(BROKEN, "1d", 2005), VersionId=series.files[5].version_id
    )
    events = stack.client("events")
    for schedule in SCHEDULES:
        events.disable_rule(Name=schedule)
    yield Scenario(stack, replayed)
    for schedule in SCHEDULES:
        events.enable_rule(Name=schedule)


@pytest.mark.parametrize("function", RIGHTS)
def test_deployed_role_has_exactly_the_tested_permissions(stack: EmbeddedStack, function: str) -> None:
    assert sorted(Role(stack, function).rights()) == sorted(RIGHTS[function])


@pytest.mark.parametrize("part", PARTS)
def test_scenario_passes_with_all_permissions(scenario: Scenario, part: str) -> None:
    getattr(scenario, part)()


@pytest.mark.removals
@pytest.mark.parametrize(("function", "right"), EACH, ids=[f"{function}: {right}" for function, right in EACH])
def test_scenario_fails_without_any_one_permission_and_the_log_names_it(
    stack: EmbeddedStack, scenario: Scenario, function: str, right: str
) -> None:
    part = PART_OF_BOTH.get((function, right)) or PART_OF_RIGHT.get(right) or PART.get(function, "run")
    refusal = Refusal(stack, function, right)
    with Role(stack, function).without(right), scenario.until(refusal):
        for _ in range(ATTEMPTS):
            with pytest.raises((AssertionError, ValueError, TimeoutError, ConnectionClosed)):
                getattr(scenario, part)()
            if _comes(refusal.is_logged, PATIENCE / ATTEMPTS):
                return
    raise AssertionError(f"no log line of {function} tells the refusal of {right}")


def _logged(stack: EmbeddedStack, function: str, since: datetime, text: str) -> bool:
    pages = (
        stack.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=f"/aws/lambda/tickfold-embedded-{function}", startTime=int(since.timestamp() * 1000))
    )
    return any(text in event["message"] for page in pages for event in page["events"])
