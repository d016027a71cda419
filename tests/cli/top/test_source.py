"""The way from a client to the state, over a real WebSocket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tests.cli.top.examples import allocated, entry, filled, opened, placed, seen, step, summary
from tests.client.fake_stack import FakeStack, Series, stack
from tests.client.test_client import QUICK, alone
from tickfold.cli.top.snapshot import Snapshot
from tickfold.cli.top.source import Source
from tickfold.cli.top.state import TopState
from tickfold.client import Client

SECONDS = 10


class Following:
    """A source that follows a stack, and what is shown."""

    def __init__(self, client: Client, roster_seconds: float) -> None:
        self.state = TopState()
        self._changed = asyncio.Event()
        self.source = Source(client, self.state, self._changed.set, roster_seconds)

    async def until(self, condition: Callable[[Snapshot], bool]) -> Snapshot:
        async with asyncio.timeout(SECONDS):
            while not condition(shown := self.state.snapshot()):
                self._changed.clear()
                await self._changed.wait()
        return shown


@asynccontextmanager
async def following(fake: FakeStack, roster_seconds: float = 60) -> AsyncIterator[Following]:
    async with Client(fake.url, patience=QUICK) as client:
        followed = Following(client, roster_seconds)
        task = asyncio.create_task(followed.source.follow())
        try:
            await followed.until(lambda shown: shown.is_complete)
            yield followed
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@alone
async def test_new_symbols_and_portfolios_are_found_and_removed_symbols_are_gone() -> None:
    async with stack(series={"GOOG": Series(last=2)}, watched={"GOOG": "XNYS"}) as fake:
        async with following(fake, roster_seconds=0.02) as followed:
            fake.series["MSFT"] = Series(last=1)
            fake.watched = {"MSFT": "XNYS"}
            await fake.write("p-1", *opened("growth", 100).events)
            shown = await followed.until(lambda shown: bool(shown.portfolios and shown.feed[0].last == 1.25))
            assert [(row.symbol, row.last) for row in shown.feed] == [("MSFT", 1.25)]
            await fake.store("MSFT")
            await fake.write("p-1", placed("a", 1))
            shown = await followed.until(lambda shown: shown.portfolios[0].open_orders == 1)
            await followed.until(lambda shown: shown.feed[0].last == 2.25)
        assert {"type": "unsubscribe", "topic": "symbol", "id": "GOOG"}.items() <= next(
            each for each in fake.received if each["type"] == "unsubscribe"
        ).items()


@alone
async def test_portfolio_that_missed_too_many_entries_is_read_again() -> None:
    async with stack(most_replayed=2) as fake:
        await fake.write("p-1", *opened("growth", 1_000).events)
        async with following(fake, roster_seconds=0.02) as followed:
            attempts = len(fake.attempts)
            gate = asyncio.Event()
            fake.on_connect = lambda _stack, _peer, _number: gate.set()
            for peer in fake.peers:
                peer.cut()
            fake.subscribers.clear()
            for number in range(4):
                await fake.write("p-1", placed(f"o{number}", 1, number=number + 1))
            await gate.wait()
            shown = await followed.until(lambda shown: shown.portfolios[0].open_orders == 4)
            assert shown.portfolios[0].equity == 1_000
            assert len(fake.attempts) > attempts
            await fake.write("p-1", filled("o0", 1, 100), seen(90))
            await followed.until(lambda shown: shown.portfolios[0].equity == 990)


@alone
async def test_status_of_bots_is_asked_for_and_their_fills_are_taken_from_the_journal() -> None:
    async with stack() as fake:
        fake.bots = [summary("cross", "running"), summary("momentum", "paused", reason="its strategy failed")]
        await fake.write("p-1", *opened("growth", 10_000).events)
        await fake.write("p-1", allocated())
        await fake.write("p-1", step("entry", side="sell", quantity=2.0, price=10.0))
        await fake.write("p-1", allocated("momentum"))
        async with following(fake) as followed:
            shown = followed.state.snapshot()
            assert [(row.status, row.reason) for row in shown.bots] == [
                ("running", None),
                ("paused", "its strategy failed"),
            ]
            await fake.write("p-1", step("paused", reason="by ada"))
            await followed.until(lambda shown: shown.bots[0].reason == "by ada")
    assert [(row.bot, row.side) for row in shown.fills] == [("cross", "sell")]


@alone
async def test_orders_and_portfolio_are_of_one_revision() -> None:
    async with stack() as fake:
        await fake.write("p-1", *opened("growth", 1_000).events)
        left = [entry(3, placed("b", 2, number=2)), entry(2, placed("a", 1))]

        def between(request: dict[str, object]) -> bool:
            """Place an order after the portfolio was sent, before its orders are."""
            if request["type"] == "list_orders" and left:
                fake.journals["p-1"].append(left.pop())
            return True

        fake.answers = between
        async with following(fake) as followed:
            assert followed.state.snapshot().portfolios[0].open_orders == 2
    assert fake.types().count("list_orders") == 3
