"""Portfolios and orders over HTTP: what the WebSocket does with them, under paths, methods and statuses."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.aws import BOB, TRADING
from tests.functions.api.conftest import FED, GROWTH, Answered, Client, Json, outcome
from tickfold.portfolios.matching import advance
from tickfold.portfolios.store import PortfolioStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource

ORDERS = f"{GROWTH}/orders"
LIMIT: Json = {"symbol": "BTC/USD", "side": "buy", "quantity": 10, "kind": "limit", "limit": 99}


class Trader:
    """Lets bars fill what they fill, as the function that trades does."""

    def __init__(self, dynamodb: "DynamoDBServiceResource") -> None:
        self._store = PortfolioStore(dynamodb.Table(TRADING))

    def see(self, number: int) -> None:
        for name in self._store.of_symbol("BTC/USD"):
            portfolio = self._store.get(name)
            assert portfolio is not None
            self._store.append(portfolio, advance(portfolio, "BTC/USD", FED[number - 1]), "trader")


@pytest.fixture
def trader(dynamodb: "DynamoDBServiceResource") -> Trader:
    return Trader(dynamodb)


def place(client: Client, order_id: str = "a", **terms: Any) -> Answered:
    order = {"symbol": "BTC/USD", "side": "buy", "quantity": 10, **terms}
    return client.send("POST", ORDERS, {"orderId": order_id, "order": order})


# --- portfolios ------------------------------------------------------------------------------------------------------


def test_portfolio_is_created_once_found_where_the_answer_says_and_listed(client: Client) -> None:
    first, second = (client.send("POST", "/v1/portfolios", {"name": "growth", "cash": 5}) for _ in range(2))
    assert (first.status, first.json["type"], first.json["equity"]) == (201, "portfolio", 5)
    assert second == first
    portfolio = first.json["portfolio"]["portfolio"]
    assert first.headers["location"] == f"/v1/portfolios/{portfolio}"
    assert client.get(f"/v1/portfolios/{portfolio}") == client.get(GROWTH) == first.json
    assert [each["portfolio"] for each in client.get("/v1/portfolios")["portfolios"]] == [portfolio]
    assert outcome(client.send("POST", "/v1/portfolios", {"name": "growth", "cash": 6})) == (409, "conflict")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("GET", "/orders", None),
        ("GET", "/orders/a", None),
        ("GET", "/positions", None),
        ("GET", "/trades", None),
        ("GET", "/journal", None),
        ("POST", "/deposits", {"amount": 1, "key": "k"}),
        ("POST", "/withdrawals", {"amount": 1, "key": "k"}),
        ("POST", "/orders", {"orderId": "b", "order": LIMIT}),
        ("PATCH", "/orders/a", {"limit": 98}),
        ("DELETE", "/orders/a", None),
        ("DELETE", "/orders", None),
        ("DELETE", "/positions", None),
        ("DELETE", "/positions/BTC/USD?orderId=c", None),
        ("PUT", "/limits", {"limits": {}}),
        ("POST", "/kill", None),
        ("POST", "/lift", None),
    ],
)
def test_portfolio_of_others_does_not_exist(traded: Client, method: str, path: str, body: Json | None) -> None:
    portfolio = place(traded, **LIMIT).json["portfolio"]
    before = traded.get(GROWTH)
    refused = traded.send(method, f"/v1/portfolios/{portfolio}{path}", body, user=BOB)
    assert outcome(refused) == (404, "not_found")
    assert refused.json["detail"].startswith(f"you have no portfolio {portfolio}")
    assert traded.get(GROWTH) == before


def test_etag_of_a_portfolio_changes_with_its_revision(traded: Client) -> None:
    paths = (GROWTH, ORDERS, f"{GROWTH}/positions")
    kept = {path: {"If-None-Match": traded.send("GET", path).headers["etag"]} for path in paths}
    assert {traded.send("GET", path, headers=kept[path]).status for path in paths} == {304}
    place(traded)
    assert {traded.send("GET", path, headers=kept[path]).status for path in paths} == {200}


@pytest.mark.parametrize(("path", "after"), [("deposits", 10_100), ("withdrawals", 9_900)])
def test_payment_is_made_once_for_each_key(traded: Client, path: str, after: float) -> None:
    target, key = f"{GROWTH}/{path}", {"Idempotency-Key": "may"}
    for paid in (
        traded.send("POST", target, {"amount": 100}, headers=key),
        traded.send("POST", target, {"amount": 100, "key": "may"}),
    ):
        assert (paid.status, paid.json["portfolio"]["cash"]) == (200, after)
    assert outcome(traded.send("POST", target, {"amount": 7}, headers=key)) == (409, "conflict")
    unkeyed = traded.send("POST", target, {"amount": 100})
    assert (*outcome(unkeyed), unkeyed.json["detail"]) == (422, "invalid", "key is missing")


def test_limits_are_set_and_hold(traded: Client) -> None:
    limited = traded.send("PUT", f"{GROWTH}/limits", {"limits": {"order": 500}})
    assert limited.json["portfolio"]["limits"]["order"] == 500
    refused = place(traded)
    assert outcome(refused) == (409, "limit")
    assert "retry-after" not in refused.headers  # waiting does not help
    nothing = traded.send("PUT", f"{GROWTH}/limits")
    assert (nothing.status, nothing.json["detail"]) == (422, "limits is missing")
    assert traded.send("PUT", f"{GROWTH}/limits", {"limits": {}}).json["portfolio"]["limits"]["order"] is None


def test_limit_that_time_lifts_says_when_to_try_again(traded: Client) -> None:
    traded.send("PUT", f"{GROWTH}/limits", {"limits": {"ordersAMinute": 1}})
    place(traded, **LIMIT)
    refused = place(traded, "b", **LIMIT)
    assert (*outcome(refused), refused.headers["retry-after"]) == (429, "limit", "60")


def test_killed_portfolio_takes_no_order_until_it_is_lifted(traded: Client) -> None:
    killed = traded.send("POST", f"{GROWTH}/kill", {"reason": "storm"})
    assert (killed.json["portfolio"]["status"], killed.json["portfolio"]["reason"]) == ("killed", "storm")
    assert outcome(place(traded)) == (409, "conflict")
    assert traded.send("POST", f"{GROWTH}/lift").json["portfolio"]["status"] == "active"
    assert place(traded).status == 201


# --- orders ----------------------------------------------------------------------------------------------------------


def test_order_is_placed_once_and_found_where_the_answer_says(traded: Client) -> None:
    first, second = (place(traded, **LIMIT) for _ in range(2))
    assert (first.status, first.json["type"], first.json["order"]["status"]) == (201, "order", "working")
    assert second == first
    assert first.headers["location"] == f"/v1/portfolios/{first.json['portfolio']}/orders/a"
    assert traded.get(first.headers["location"])["order"] == first.json["order"]
    assert [order["orderId"] for order in traded.get(ORDERS)["orders"]] == ["a"]
    assert outcome(place(traded, **LIMIT | {"quantity": 11})) == (409, "conflict")


def test_idempotency_key_of_an_order_is_its_id(traded: Client) -> None:
    key, body = {"Idempotency-Key": "mine"}, {"order": LIMIT}
    placed = traded.send("POST", ORDERS, body, headers=key)
    assert placed.json["order"]["orderId"] == "mine"
    assert traded.send("POST", ORDERS, body | {"orderId": "mine"}) == placed
    differs = traded.send("POST", ORDERS, body | {"orderId": "other"}, headers=key)
    assert outcome(differs) == (422, "invalid")
    assert differs.json["detail"] == "orderId 'other' and Idempotency-Key 'mine' differ: send one of them"
    assert traded.send("POST", ORDERS, body).json["detail"] == "orderId is missing"


def test_order_is_changed_and_cancelled(traded: Client) -> None:
    place(traded, **LIMIT)
    changed = traded.send("PATCH", f"{ORDERS}/a", {"limit": 98})
    assert (changed.status, changed.json["order"]["terms"]["limit"]) == (200, 98)
    nothing = traded.send("PATCH", f"{ORDERS}/a", {})
    assert nothing.json["detail"] == "nothing to change: give quantity, limit, stop or trail"
    for _ in range(2):
        assert traded.send("DELETE", f"{ORDERS}/a").json["order"]["status"] == "cancelled"
    assert traded.get(ORDERS)["orders"] == []
    assert traded.get(f"{ORDERS}/a")["order"]["status"] == "cancelled"
    assert outcome(traded.send("PATCH", f"{ORDERS}/a", {"limit": 97})) == (409, "conflict")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_order_that_does_not_exist_is_not_found(traded: Client, method: str) -> None:
    place(traded, "first", **LIMIT)
    refused = traded.send(method, f"{ORDERS}/frist", {"limit": 1} if method == "PATCH" else None)
    assert outcome(refused) == (404, "not_found")
    assert refused.json["detail"] == "growth has no order frist (did you mean first?)"
    assert outcome(traded.send(method, f"{ORDERS}/{'x' * 65}", {"limit": 1})) == (422, "invalid")


def test_all_orders_are_cancelled_or_those_of_a_symbol(traded: Client) -> None:
    for order_id in ("a", "b"):
        place(traded, order_id, **LIMIT)
    assert len(traded.send("DELETE", f"{ORDERS}?symbol=GOOG").json["orders"]) == 2
    assert traded.send("DELETE", ORDERS).json["orders"] == []


def test_orders_come_by_page(traded: Client) -> None:
    for order_id in ("a", "b", "c"):
        place(traded, order_id, **LIMIT)
    traded.send("DELETE", f"{ORDERS}/a")
    first = traded.get(f"{ORDERS}?ended=true&limit=2")
    assert [order["orderId"] for order in first["orders"]] == ["c", "b"]
    rest = traded.get(f"{ORDERS}?ended=true&limit=2&before={first['next']}")
    assert [order["orderId"] for order in rest["orders"]] == ["a"]


def test_unknown_fields_are_refused_before_anything_is_written(traded: Client) -> None:
    refused = place(traded, **LIMIT | {"takeProfti": 120})
    assert outcome(refused) == (422, "invalid")
    assert refused.json["detail"].startswith("order.takeProfti is not a known field")
    assert traded.get(ORDERS)["orders"] == []


# --- what orders make ------------------------------------------------------------------------------------------------


def test_fill_is_a_position_a_trade_and_an_entry_of_the_journal(traded: Client, trader: Trader) -> None:
    place(traded)
    trader.see(6)
    opened, close = FED[5].bar.open, FED[5].bar.close
    (position,) = traded.get(f"{GROWTH}/positions")["positions"]
    assert (position["symbol"], position["quantity"], position["cost"]) == ("BTC/USD", 10, 10 * opened)
    assert (position["close"], position["value"]) == (close, 10 * close)
    assert position["unrealised"] == 10 * close - 10 * opened == traded.get(GROWTH)["unrealised"]
    (trade,) = traded.get(f"{GROWTH}/trades")["trades"]
    assert (trade["orderId"], trade["price"], trade["tradeId"]) == ("a", opened, "3-0")
    journal = traded.get(f"{GROWTH}/journal?after=1&limit=1")
    assert ([entry["sequence"] for entry in journal["entries"]], journal["next"]) == ([2], 2)


def test_position_is_closed_once_for_each_order_id(traded: Client, trader: Trader) -> None:
    place(traded)
    trader.see(6)
    closing = traded.send("DELETE", f"{GROWTH}/positions/BTC/USD?orderId=out")
    assert (closing.status, closing.json["order"]["terms"]["side"]) == (200, "sell")
    key = {"Idempotency-Key": "out"}
    assert traded.send("DELETE", f"{GROWTH}/positions/BTC/USD", headers=key) == closing
    assert traded.send("DELETE", f"{GROWTH}/positions/BTC/USD").json["detail"] == "orderId is missing"
    trader.see(7)
    assert traded.get(f"{GROWTH}/positions")["positions"] == []
    assert traded.send("DELETE", f"{GROWTH}/positions/BTC/USD?orderId=out").json["order"]["status"] == "filled"
    assert outcome(traded.send("DELETE", f"{GROWTH}/positions/BTC/USD?orderId=again")) == (404, "not_found")


def test_everything_is_closed(traded: Client, trader: Trader) -> None:
    place(traded)
    trader.see(6)
    place(traded, "b", **LIMIT)
    (closing,) = traded.send("DELETE", f"{GROWTH}/positions").json["orders"]
    assert (closing["terms"]["side"], closing["terms"]["quantity"]) == ("sell", 10)


def test_open_order_is_shown_as_the_last_bar_leaves_it(traded: Client, trader: Trader) -> None:
    place(traded)
    trader.see(6)
    place(traded, "trailing", side="sell", kind="trailing_stop", trail=0.5, reduceOnly=True)
    trader.see(7)
    trader.see(8)
    shown = traded.get(f"{ORDERS}/trailing")["order"]
    assert shown["best"] == FED[7].bar.high
    assert [shown] == traded.get(ORDERS)["orders"]
