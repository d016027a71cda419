"""Requests about portfolios: who may, what is idempotent, what is refused before anything is written."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.aws import ADA, BARS, BOB, TRADING, rows
from tests.backtests.records import Connection, caller
from tests.market_data.feed.stored import OPEN, feed_bars, store
from tickfold.errors import RunError
from tickfold.identity.user import User
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.watch_list import WatchList
from tickfold.portfolios.desk import Desk
from tickfold.portfolios.market_time import MarketTime
from tickfold.portfolios.matching import advance
from tickfold.portfolios.reading import PortfolioReader
from tickfold.portfolios.store import PortfolioStore
from tickfold.portfolios.switches import PAPER_TRADING, TRADING_ENABLED, Switches
from tickfold.protocol import JournalEntry, Message, PortfolioRequest, Subscribe, Subscribed, Unsubscribe, parse_request
from tickfold.protocol.requests import PortfolioChange, PortfolioQuery
from tickfold.realtime.connections import ConnectionStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource

FIVE_BARS = OPEN + timedelta(minutes=5)


class Door:
    """Takes requests as the WebSocket does, at a time that a test sets."""

    def __init__(self, dynamodb: "DynamoDBServiceResource", connections: ConnectionStore) -> None:
        self.table, bars = dynamodb.Table(TRADING), dynamodb.Table(BARS)
        self.now: datetime = FIVE_BARS
        self.hot, self.watch_list, self.store = HotStore(bars), WatchList(bars), PortfolioStore(self.table)
        self.switches = Switches(self.table)
        self.desk = Desk(self.store, self.switches, MarketTime(self.hot, self.watch_list, lambda: self.now))
        self.reader = PortfolioReader(self.store, connections)
        self.watch_list.add(["GOOG", "AAPL"], "XNYS", "ada")
        self.bars = feed_bars(10)
        store(self.hot, "GOOG", self.bars[:5])

    def ask(self, user: User = ADA, /, **request: Any) -> Any:
        """Return the reply to a request."""
        connection = Connection()
        parsed, _ = parse_request(_json(request))
        assert isinstance(parsed, PortfolioRequest)
        if isinstance(parsed, PortfolioQuery):
            self.reader.read(caller(connection, user), parsed)
        elif isinstance(parsed, PortfolioChange):
            self.desk.change_portfolio(caller(connection, user), parsed)
        else:
            self.desk.change_orders(caller(connection, user), parsed)
        (reply,) = connection.messages
        return reply

    def buy(self, order_id: str = "a", quantity: float = 10, **terms: Any) -> Any:
        order = {"symbol": "GOOG", "side": "buy", "quantity": quantity, **terms}
        return self.ask(type="place_order", portfolio="growth", orderId=order_id, order=order)

    def see(self, number: int) -> None:
        """Let a bar of GOOG fill what it fills, as the trader does."""
        for name in self.store.of_symbol("GOOG"):
            portfolio = self.store.get(name)
            assert portfolio is not None
            if events := advance(portfolio, "GOOG", self.bars[number - 1]):
                self.store.append(portfolio, events, "trader")


def _json(request: dict[str, Any]) -> str:
    return json.dumps(request)


@pytest.fixture
def door(dynamodb: "DynamoDBServiceResource", connections: ConnectionStore) -> Door:
    door = Door(dynamodb, connections)
    door.ask(type="create_portfolio", name="growth", cash=1_000_000)
    return door


def refused(ask: Callable[[], object]) -> str:
    with pytest.raises(RunError) as error:
        ask()
    return f"{error.value.code}: {error.value}"


# --- portfolios ------------------------------------------------------------------------------------------------------


def test_portfolio_is_created_once_and_its_name_is_the_owners_own(door: Door) -> None:
    again = door.ask(type="create_portfolio", name="growth", cash=1_000_000)
    assert again.portfolio.revision == 1
    other = door.ask(BOB, type="create_portfolio", name="growth", cash=5)
    assert other.portfolio.portfolio != again.portfolio.portfolio
    assert refused(lambda: door.ask(type="create_portfolio", name="growth", cash=7)).startswith("conflict: you have a")
    assert [each.name for each in door.ask(type="list_portfolios").portfolios] == ["growth"]


def test_portfolio_is_found_by_name_and_id_by_its_owner_only(door: Door) -> None:
    known = door.ask(type="get_portfolio", portfolio="growth")
    assert door.ask(type="get_portfolio", portfolio=known.portfolio.portfolio) == known
    assert refused(lambda: door.ask(BOB, type="get_portfolio", portfolio=known.portfolio.portfolio)).startswith(
        f"not_found: you have no portfolio {known.portfolio.portfolio}: create one"
    )
    assert "did you mean growth?" in refused(lambda: door.ask(type="get_portfolio", portfolio="grwth"))


@pytest.mark.parametrize(
    "request_", ["deposit", "kill", "lift", "flatten", "list_orders", "get_journal", "list_trades"]
)
def test_nobody_else_may_do_anything(door: Door, request_: str) -> None:
    known = door.ask(type="get_portfolio", portfolio="growth").portfolio.portfolio
    more: dict[str, Any] = {"amount": 1, "key": "k"} if request_ == "deposit" else {}
    assert "not_found" in refused(lambda: door.ask(BOB, type=request_, portfolio=known, **more))


def test_payment_is_made_once_for_its_key(door: Door) -> None:
    for _ in range(2):
        paid = door.ask(type="deposit", portfolio="growth", amount=5, key="k")
        assert paid.portfolio.cash == 1_000_005
    assert refused(lambda: door.ask(type="deposit", portfolio="growth", amount=6, key="k")).startswith(
        "conflict: key k was used for a deposit of $5.00"
    )
    taken = door.ask(type="withdraw", portfolio="growth", amount=1_000_005, key="w")
    assert taken.portfolio.cash == 0
    assert taken == door.ask(type="withdraw", portfolio="growth", amount=1_000_005, key="w")
    assert "$0.00 are available" in refused(lambda: door.ask(type="withdraw", portfolio="growth", amount=1, key="x"))


# --- orders ----------------------------------------------------------------------------------------------------------


def test_order_is_placed_once_and_fills_in_the_bar_that_follows(door: Door) -> None:
    assert door.buy() == door.buy()
    assert refused(lambda: door.buy(quantity=11)).startswith("conflict: order a was placed before, with other terms")
    door.see(5)
    assert door.ask(type="list_orders", portfolio="growth").orders[0].filled == 0
    door.see(6)
    (trade,) = door.ask(type="list_trades", portfolio="growth").trades
    assert (trade.trade_id, trade.price, trade.quantity) == ("3-0", door.bars[5].bar.open, 10)
    assert door.buy().order.status == "filled"


def test_order_that_is_placed_within_a_minute_waits_for_the_next(door: Door) -> None:
    door.now = FIVE_BARS + timedelta(seconds=1)
    door.buy()
    door.see(6)
    assert not door.ask(type="list_trades", portfolio="growth").trades
    door.see(7)
    assert door.ask(type="list_trades", portfolio="growth").trades


def test_order_in_a_replay_of_the_past_takes_the_time_of_its_last_bar(door: Door) -> None:
    door.now = FIVE_BARS + timedelta(days=400)
    order = door.buy().order
    assert order.active_from == FIVE_BARS.timestamp() * 1_000
    assert order.expires_at == OPEN.replace(hour=21, minute=0).timestamp() * 1_000


def test_order_after_the_close_is_one_of_the_next_session(door: Door) -> None:
    door.now = OPEN.replace(hour=20, minute=59, second=30)
    expires = datetime.fromtimestamp(door.buy().order.expires_at / 1_000, OPEN.tzinfo)
    assert expires.date() > OPEN.date()
    assert (expires.hour, expires.minute) == (21, 0)


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ({"symbol": "GOGG"}, "not_found: the feed does not fetch GOGG (did you mean GOOG?): add it"),
        ({"symbol": "AAPL"}, "invalid: the feed has no bar of AAPL yet, so its price is unknown"),
        ({"quantity": 0.5}, "invalid: quantity 0.5: growth trades whole shares; order 1, for one"),
        ({"quantity": 10**6}, "conflict: it costs $"),
        ({"reduceOnly": True}, "invalid: a reduceOnly buy of GOOG closes nothing: there is no position"),
        ({"kind": "limit"}, "invalid: order limit is missing: a limit order needs limit"),
        ({"limit": 3}, "limit: a market order has none; for one with a limit, kind is limit or stop_limit"),
        ({"stopLoss": 10**6}, "is not below the price of"),
        ({"takeProfit": 0.5}, "is not above the price of"),
        ({"kind": "stop", "stop": 3, "timeInForce": "ioc"}, "a stop order waits for its price; use day or gtc"),
    ],
)
def test_wrong_order_is_refused_and_nothing_is_written(door: Door, order: dict[str, Any], reason: str) -> None:
    before = rows(door.table)
    said = refused(lambda: door.buy(**order))
    assert reason.replace("invalid: order limit", "limit") in said, said
    assert rows(door.table) == before


def test_order_is_changed_and_cancelled_while_it_is_open(door: Door) -> None:
    price = door.bars[0].bar.low / 2
    door.buy(kind="limit", limit=price)
    changed = door.ask(type="change_order", portfolio="growth", orderId="a", limit=price / 2, quantity=5).order
    assert (changed.terms.limit, changed.terms.quantity) == (price / 2, 5)
    assert refused(lambda: door.ask(type="change_order", portfolio="growth", orderId="a", stop=3)).startswith(
        "invalid: stop: a limit order has none"
    )
    assert "did you mean a?" not in refused(lambda: door.ask(type="cancel_order", portfolio="growth", orderId="zzzz"))
    for _ in range(2):
        assert door.ask(type="cancel_order", portfolio="growth", orderId="a").order.status == "cancelled"
    assert refused(lambda: door.ask(type="change_order", portfolio="growth", orderId="a", limit=1)).startswith(
        "conflict: order a is cancelled, and no longer open"
    )


def test_position_is_closed_and_its_orders_are_cancelled(door: Door) -> None:
    door.buy(stopLoss=0.5)
    door.see(6)
    close = {"type": "close_position", "portfolio": "growth", "symbol": "GOOG", "orderId": "c"}
    assert door.ask(**close) == door.ask(**close)
    assert [order.order_id for order in door.ask(type="list_orders", portfolio="growth").orders] == ["c"]
    door.see(7)
    assert not door.ask(type="get_portfolio", portfolio="growth").portfolio.positions
    assert refused(lambda: door.ask(**close | {"orderId": "d"})).startswith("not_found: growth has no position in GOOG")
    listed = door.ask(type="list_orders", portfolio="growth", ended=True).orders
    assert [(order.order_id, order.status) for order in listed] == [
        ("c", "filled"),
        ("a.stop", "cancelled"),
        ("a", "filled"),
    ]


def test_flatten_cancels_and_closes_everything_however_often(door: Door) -> None:
    door.buy()
    door.see(6)
    door.buy("b", kind="limit", limit=0.5)
    for _ in range(2):
        (order,) = door.ask(type="flatten", portfolio="growth").orders
        assert (order.terms.side, order.terms.quantity, order.terms.reduce_only) == ("sell", 10, True)
    door.see(7)
    assert not door.ask(type="get_portfolio", portfolio="growth").portfolio.positions


def test_orders_and_journal_come_in_pages(door: Door) -> None:
    for number in range(5):
        door.buy(f"o{number}", kind="limit", limit=0.5)
    page = door.ask(type="list_orders", portfolio="growth", limit=3)
    assert [order.order_id for order in page.orders] == ["o4", "o3", "o2"]
    rest = door.ask(type="list_orders", portfolio="growth", limit=3, before=page.next)
    assert ([order.order_id for order in rest.orders], rest.next) == (["o1", "o0"], None)
    first = door.ask(type="get_journal", portfolio="growth", limit=4)
    assert ([entry.sequence for entry in first.entries], first.next) == ([1, 2, 3, 4], 4)
    last = door.ask(type="get_journal", portfolio="growth", after=first.next)
    assert ([entry.sequence for entry in last.entries], last.next) == ([5, 6], None)


# --- risk ------------------------------------------------------------------------------------------------------------


def test_killed_portfolio_only_closes_until_it_is_lifted(door: Door) -> None:
    door.buy()
    door.see(6)
    door.buy("b", kind="limit", limit=0.5)
    for _ in range(2):
        assert door.ask(type="kill", portfolio="growth", reason="storm").portfolio.status == "killed"
    assert not door.ask(type="list_orders", portfolio="growth").orders
    assert refused(lambda: door.buy("c")).startswith(
        "conflict: growth is killed (storm): only reduceOnly orders are taken; `tickfold portfolio lift growth`"
    )
    assert door.buy("d", side="sell", reduceOnly=True).order.status == "working"
    assert door.ask(type="lift", portfolio="growth").portfolio.status == "active"
    assert door.buy("e").order.status == "working"


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"order": 1}, "limit: an order would be worth $"),
        ({"position": 1}, "limit: the position in GOOG would be worth $"),
        ({"exposure": 1}, "limit: all positions would be worth $"),
        ({"symbols": ["GOGG"]}, "limit: growth may not trade GOOG (did you mean GOGG?): its limits allow GOGG"),
        ({"hours": ["15:00", "16:00"]}, "limit: orders may be placed from 15:00 to 16:00 UTC, and it is 14:35"),
    ],
)
def test_limit_refuses_an_order(door: Door, limits: dict[str, Any], reason: str) -> None:
    assert door.ask(type="set_risk_limits", portfolio="growth", limits=limits).portfolio.revision == 2
    assert refused(door.buy).startswith(reason)


def test_orders_a_minute_are_counted(door: Door) -> None:
    door.ask(type="set_risk_limits", portfolio="growth", limits={"ordersAMinute": 2})
    door.buy("a")
    door.buy("b")
    assert refused(lambda: door.buy("c")).startswith("limit: growth placed 2 orders within the last minute")
    door.now += timedelta(minutes=1)
    assert door.buy("c").order.status == "working"


def test_hours_in_no_order_are_refused(door: Door) -> None:
    wrong = {"hours": ["16:00", "15:00"]}
    assert "the first is not before the second" in refused(
        lambda: door.ask(type="set_risk_limits", portfolio="growth", limits=wrong)
    )


def test_switches_stop_new_orders_and_say_who_did(door: Door) -> None:
    door.buy()
    door.see(6)
    door.switches.set(TRADING_ENABLED, False, "ada")
    assert refused(lambda: door.buy("b")).startswith(
        "conflict: trading is switched off in this stack (TRADING_ENABLED)"
    )
    assert door.buy("c", side="sell", reduceOnly=True).order.status == "working"
    door.switches.set(TRADING_ENABLED, True, "bob")
    door.switches.set(PAPER_TRADING, False, "bob")
    assert "paper trading is switched off" in refused(lambda: door.buy("b"))
    door.switches.set(PAPER_TRADING, False, "eve")
    assert [(each.name, each.before, each.after, each.by) for each in door.switches.changes()] == [
        (PAPER_TRADING, True, False, "bob"),
        (TRADING_ENABLED, False, True, "bob"),
        (TRADING_ENABLED, True, False, "ada"),
    ]


# --- the journal -----------------------------------------------------------------------------------------------------


def subscribed(door: Door, **request: Any) -> list[Message]:
    connection = Connection()
    door.reader.subscribe(caller(connection), Subscribe(topic="journal", id="growth", **request))
    return connection.messages


def test_subscriber_gets_the_portfolio_or_the_entries_that_it_lacks(door: Door, connections: ConnectionStore) -> None:
    door.buy()
    reply, state = subscribed(door)
    assert isinstance(reply, Subscribed)
    assert (reply.after, reply.last_sequence, state.sequence) == (2, 2, 2)
    reply, *entries = subscribed(door, after=1)
    assert isinstance(reply, Subscribed)
    assert reply.after == 1
    assert [entry.sequence for entry in entries if isinstance(entry, JournalEntry)] == [2]
    assert list(connections.subscribers(f"journal#{reply.id}")) == ["c1"]
    door.reader.unsubscribe(caller(Connection()), Unsubscribe(topic="journal", id="growth"))
    assert list(connections.subscribers(f"journal#{reply.id}")) == []


def test_subscriber_that_is_far_behind_gets_the_portfolio(door: Door) -> None:
    door.reader = replace(door.reader, most_replayed=3)
    for number in range(4):
        door.ask(type="deposit", portfolio="growth", amount=1, key=f"k{number}")
    assert len(subscribed(door, after=2)) == 4
    reply, state = subscribed(door, after=1)
    assert isinstance(reply, Subscribed)
    assert reply.after == state.sequence == 5


def test_subscription_is_the_owners_and_not_beyond_the_end(door: Door) -> None:
    assert "the last entry of growth has number 1" in refused(lambda: subscribed(door, after=9))
    known = door.ask(type="get_portfolio", portfolio="growth").portfolio.portfolio
    request = Subscribe(topic="journal", id=known)
    assert "not_found" in refused(lambda: door.reader.subscribe(caller(Connection(), BOB), request))
