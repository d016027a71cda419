"""Portfolios end to end: an order over the WebSocket, and its fill in the journal that its owner alone is pushed."""

import asyncio
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from embedded.stack import EmbeddedStack
from tests.conftest import url_for
from tests.e2e.fed_symbol import FedSymbol, fed_symbol
from tests.e2e.websocket_client import Json, WebSocketClient, connected
from tickfold.client import Client, RefusedError
from tickfold.portfolios.journal import rebuild
from tickfold.portfolios.store import PortfolioStore
from tickfold.protocol import JournalEntry, PlacedOrder, PortfolioState


@pytest.fixture
def fed(stack: EmbeddedStack) -> Iterator[FedSymbol]:
    with fed_symbol(stack) as fed:
        yield fed


@pytest.fixture
def user() -> str:
    return f"user-{secrets.token_hex(4)}"


def ask(client: WebSocketClient, **request: Any) -> Json:
    client.send(request)
    return client.receive()


def received(client: WebSocketClient, kind: str) -> Json:
    """Return the next message of a type: entries may come between that were written before."""
    while (message := client.receive())["type"] != kind:
        pass
    return message


def entries(client: WebSocketClient, after: int, last: int) -> list[Json]:
    """Return the entries of the journal after number `after` up to `last`, each once.

    Delivery may repeat some, and bring late what the portfolio has that came with the subscription.
    """
    found = dict[int, Json]()
    while last not in found:
        entry = received(client, "journal_entry")
        if entry["sequence"] > after:
            found.setdefault(entry["sequence"], entry)
    return [found[number] for number in sorted(found)]


def test_order_fills_and_its_journal_is_pushed(stack: EmbeddedStack, fed: FedSymbol, user: str) -> None:
    with connected(url_for(stack, user)) as trader, connected(url_for(stack, user)) as watcher:
        created = ask(trader, type="create_portfolio", name="growth", cash=10_000, terms={"commission": "0.1%"})
        assert (created["type"], created["sequence"], created["equity"]) == ("portfolio", 1, 10_000)
        watcher.send({"type": "subscribe", "topic": "journal", "id": "growth"})
        subscribed = received(watcher, "subscribed")
        assert (subscribed["after"], subscribed["lastSequence"]) == (1, 1)
        assert received(watcher, "portfolio")["portfolio"]["cash"] == 10_000
        order = {"symbol": fed.symbol, "side": "buy", "quantity": 10, "stopLoss": 50}
        placed = ask(trader, type="place_order", portfolio="growth", orderId="first", order=order)
        assert (placed["type"], placed["order"]["status"]) == ("order", "working")
        fed.feed(6, 7)
        fed.trade(6, 7)
        pushed = entries(watcher, subscribed["after"], 4)
    fill = pushed[1]["events"][0]
    price = fed.bars[5].bar.open
    assert [entry["sequence"] for entry in pushed] == [2, 3, 4]
    assert [entry["by"] for entry in pushed] == [user, "trader", "trader"]
    assert (fill["type"], fill["price"], fill["quantity"]) == ("fill", price, 10)

    store = PortfolioStore(stack.cloud.table(stack.outputs["trading_table"]))
    portfolio = store.get(created["portfolio"]["portfolio"])
    assert portfolio is not None
    assert portfolio.cash == 10_000 + -(10 * price) - 10 * price * 0.001
    assert rebuild(map(JournalEntry.model_validate, pushed_after_first(stack, pushed))).model_dump() == (
        portfolio.model_dump()
    )


def pushed_after_first(stack: EmbeddedStack, pushed: list[Json]) -> list[Any]:
    """Return the whole journal: its first entry as stored, the others as they were pushed."""
    store = PortfolioStore(stack.cloud.table(stack.outputs["trading_table"]))
    first = next(store.entries_after(pushed[0]["portfolio"], 0))
    return [first.model_dump(), *pushed]


def test_portfolios_are_the_owners_alone(stack: EmbeddedStack, user: str) -> None:
    with connected(url_for(stack, user)) as owner, connected(url_for(stack, f"{user}-2")) as other:
        known = ask(owner, type="create_portfolio", name="mine", cash=1)["portfolio"]["portfolio"]
        for request in (
            {"type": "get_portfolio", "portfolio": known},
            {"type": "subscribe", "topic": "journal", "id": known},
            {"type": "kill", "portfolio": known},
        ):
            assert ask(other, **request)["code"] == "not_found"
        assert ask(other, type="list_portfolios")["portfolios"] == []


def test_client_trades_and_follows(stack: EmbeddedStack, fed: FedSymbol, user: str) -> None:
    async def trade() -> None:
        async with Client(stack.outputs["websocket_url"], lambda: stack.token(user)) as client:
            await client.create_portfolio("growth", 10_000)
            journal = await client.journal("growth", after=1)
            order = PlacedOrder(symbol=fed.symbol, side="buy", quantity=10, kind="limit", limit=500)
            placed = await client.place_order("growth", order, "mine")
            assert await client.place_order("growth", order, "mine") == placed
            with pytest.raises(RefusedError, match="was placed before, with other terms"):
                await client.place_order("growth", order.model_copy(update={"quantity": 11.0}), "mine")
            changed = await client.change_order("growth", "mine", limit=400.0)
            assert changed.terms.limit == 400
            await asyncio.to_thread(fed.feed, 6, 6)
            await asyncio.to_thread(fed.trade, 6, 6)
            seen = [(await anext(journal)).events[0].type for _ in range(3)]
            assert seen == ["order_placed", "order_changed", "fill"]
            (trade,) = await client.list_trades("growth")
            assert (trade.trade_id, trade.quantity) == ("4-0", 10)
            closing = await client.close_position("growth", fed.symbol)
            assert closing.terms.side == "sell"
            assert [order.order_id for order in await client.list_orders("growth")] == [closing.order_id]
            killed: PortfolioState = await client.kill("growth", "storm")
            assert (killed.portfolio.status, killed.portfolio.reason) == ("killed", "storm")
            with pytest.raises(RefusedError, match="growth is killed"):
                await client.place_order("growth", order)
            assert (await client.lift("growth")).portfolio.status == "active"
            assert [entry.sequence async for entry in client.journal_entries("growth")] == list(range(1, 8))
            assert [each.name for each in await client.list_portfolios()] == ["growth"]

    asyncio.run(trade())
