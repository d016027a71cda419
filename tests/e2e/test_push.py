"""Bars on their way from the hot table to the Python client, through faults of delivery and lost connections."""

import asyncio
import secrets
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from embedded.stack import EmbeddedStack
from tests.conftest import url_for
from tests.e2e.faulty_proxy import CONNECTIONS, LOST, Fault, Request, between
from tests.market_data.feed.stored import feed_bars
from tickfold.client import Bar, BarStream, Client, Patience
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.watch_list import WatchList

SECONDS = 120
PATIENCE = Patience(first_retry=0.05, longest_retry=0.5, gap=0.5, quiet=10)


class Feed:
    """Appends bars of a new symbol, as ticks do."""

    def __init__(self, stack: EmbeddedStack) -> None:
        table = stack.cloud.table(stack.outputs["bars_table"])
        self.symbol = f"P{secrets.token_hex(3).upper()}"
        self.stored = 0
        self._hot = HotStore(table)
        WatchList(table).add([self.symbol], "XNYS", "test")

    def append(self, count: int = 1) -> float:
        """Append bars; return when they were stored."""
        before = self._hot.state(self.symbol)
        bars = feed_bars(count, first=self.stored + 1, start=feed_bars(self.stored + 1)[-1].bar.time)
        self.stored += count
        after = replace(before, revision=before.revision + 1, sequence=self.stored, last_time=bars[-1].bar.time)
        assert self._hot.append(self.symbol, before, after, bars)
        return time.monotonic()


@pytest.fixture
def feed(stack: EmbeddedStack) -> Feed:
    return Feed(stack)


async def take(bars: BarStream, count: int) -> list[Bar]:
    async with asyncio.timeout(SECONDS):
        return [await anext(bars) for _ in range(count)]


def client_of(stack: EmbeddedStack, watch: Callable[[bool], None] = lambda _connected: None) -> Client:
    return Client(url_for(stack, f"watcher-{secrets.token_hex(3)}"), patience=PATIENCE, watch=watch)


def test_bars_arrive_within_a_second_of_being_stored(stack: EmbeddedStack, feed: Feed) -> None:
    async def follow() -> list[float]:
        async with client_of(stack) as client:
            bars, delays = await client.bars(feed.symbol), []
            for _ in range(10):
                stored = await asyncio.to_thread(feed.append)
                await take(bars, 1)
                delays.append(time.monotonic() - stored)
            return delays

    assert statistics.median(asyncio.run(follow())) < 1


def test_bars_come_once_and_in_order_though_posts_fail_and_connections_close(stack: EmbeddedStack, feed: Feed) -> None:
    def trouble(request: Request) -> Fault | None:
        """Refuse a post and all its retries, so that the connection is cut off; and let another come twice."""
        place = request.number % 10
        if request.operation != "POST" or place not in (3, 4, 5, 6, 8):
            return None
        return LOST if place == 8 else Fault(500, "InternalServerError")

    connected: list[bool] = []

    async def follow() -> list[int]:
        async with client_of(stack, connected.append) as client:
            bars = await client.bars(feed.symbol, after=0)
            numbers = [bar.sequence for bar in await take(bars, feed.stored)]
            for count in (1, 1, 3, 1, 20, 1, 1, 1, 2, 1):
                await asyncio.to_thread(feed.append, count)
                numbers += [bar.sequence for bar in await take(bars, count)]
            assert bars.missed == 0
            return numbers

    feed.append(30)
    with between(stack, ["deliver"], CONNECTIONS, trouble) as faults:
        assert asyncio.run(follow()) == list(range(1, feed.stored + 1))
    assert set(faults) == {"InternalServerError", LOST.error}
    assert connected[:2] == [False, True]
