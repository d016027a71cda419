"""The bars of a symbol: each once and in order, over lost connections, gaps and repeats."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.client.fake_stack import OPEN, FakeStack, Peer, Series, stack
from tests.client.test_client import QUICK, alone
from tests.client.test_exactly_once import QUICK as HASTY
from tests.client.test_exactly_once import TROUBLES, Trouble
from tickfold.client import Bar, BarStream, Client, RefusedError, UnreachableError, topic_stream
from tickfold.errors import RunError
from tickfold.protocol import Message, SymbolBars


async def numbers(bars: BarStream, count: int) -> list[int]:
    return [(await anext(bars)).sequence for _ in range(count)]


@alone
async def test_bars_begin_with_the_session_and_go_on_as_stored() -> None:
    async with stack(series={"GOOG": Series(last=20, session=7)}) as fake, Client(fake.url, patience=QUICK) as client:
        bars = await client.bars("goog")
        assert await numbers(bars, 12) == list(range(8, 20))
        before = bars.has_caught_up
        assert await numbers(bars, 1) == [20]
        assert (before, bars.has_caught_up) == (False, True)
        await fake.store("GOOG", 2)
        expected = Bar(21, OPEN + timedelta(minutes=20), 21, 22.5, 20.5, 21.25, 21_000, 17, 21.125)
        assert await anext(bars) == expected
        assert await numbers(bars, 1) == [22]
        assert bars.missed == 0
    assert [(each["type"], each["id"], each["after"]) for each in fake.received] == [("subscribe", "GOOG", None)]


@alone
async def test_bars_begin_after_the_number_that_is_given() -> None:
    async with stack(series={"GOOG": Series(last=9, session=7)}) as fake, Client(fake.url, patience=QUICK) as client:
        assert await numbers(await client.bars("GOOG", after=3), 6) == [4, 5, 6, 7, 8, 9]
        assert await numbers(await client.bars("GOOG", after=0), 9) == list(range(1, 10))


@alone
async def test_bars_of_several_symbols_are_kept_apart() -> None:
    series = {"GOOG": Series(last=2), "AAPL": Series(last=1)}
    async with stack(series=series) as fake, Client(fake.url, patience=QUICK) as client:
        goog, aapl = await client.bars("GOOG"), await client.bars("AAPL")
        await fake.store("AAPL", 2)
        await fake.store("GOOG", 1)
        assert (await numbers(goog, 3), await numbers(aapl, 3)) == ([1, 2, 3], [1, 2, 3])


@alone
async def test_unsubscribe_ends_the_bars() -> None:
    async with stack(series={"GOOG": Series(last=2)}) as fake, Client(fake.url, patience=QUICK) as client:
        bars = await client.bars("GOOG")
        await fake.until(lambda: bool(fake.subscribers["GOOG"]))
        await client.unsubscribe("symbol", "goog")
        assert not fake.subscribers["GOOG"]
        assert [bar.sequence async for bar in bars] == [1, 2]


@alone
async def test_bars_are_no_events_of_runs() -> None:
    async with stack(series={"GOOG": Series(last=2)}) as fake, Client(fake.url, patience=QUICK) as client:
        events = await client.subscribe("user")
        assert await numbers(await client.bars("GOOG"), 2) == [1, 2]
        await client.unsubscribe("user")
        assert [event async for event in events] == []


@alone
async def test_unknown_symbol_is_refused() -> None:
    async with stack() as fake, Client(fake.url, patience=QUICK) as client:
        with pytest.raises(RefusedError, match="the feed does not fetch GOOG") as caught:
            await client.bars("GOOG")
        assert caught.value.code == "not_found"
        with pytest.raises(RunError, match="'a b' is no symbol"):
            await client.bars("a b")


# --- faults ----------------------------------------------------------------------------------------------------------


@alone
async def test_bars_continue_over_lost_connection() -> None:
    async with stack(series={"GOOG": Series(last=3)}) as fake, Client(fake.url, patience=QUICK) as client:
        bars = await client.bars("GOOG")
        assert await numbers(bars, 3) == [1, 2, 3]
        fake.peers[0].cut()
        await fake.until(lambda: not fake.subscribers["GOOG"])
        await fake.store("GOOG", 4)
        assert await numbers(bars, 4) == [4, 5, 6, 7]
    assert [each["after"] for each in fake.received] == [None, 3]


@alone
async def test_bars_that_come_before_the_reply_are_kept() -> None:
    """The stream may overtake the snapshot; its numbers say nothing of where the session begins."""

    def connect(_fake: FakeStack, peer: Peer, _number: int) -> None:
        peer.fault = overtaken

    def overtaken(messages: list[Message]) -> list[Message]:
        early = [each for each in messages if isinstance(each, SymbolBars)][-1:]
        return [*early, *(each for each in messages if each not in early)]

    series = {"GOOG": Series(last=12, session=2, piece=4)}
    async with stack(series=series, on_connect=connect) as fake, Client(fake.url, patience=QUICK) as client:
        assert await numbers(await client.bars("GOOG"), 10) == list(range(3, 13))
    assert fake.types() == ["subscribe"]


@alone
async def test_snapshot_that_is_lost_is_requested_again() -> None:
    """The reply tells that there are bars."""

    def connect(_fake: FakeStack, peer: Peer, _number: int) -> None:
        peer.fault = lambda messages: messages[:1]

    patience = replace(QUICK, quiet=60)
    series = {"GOOG": Series(last=12, session=2)}
    async with stack(series=series, on_connect=connect) as fake, Client(fake.url, patience=patience) as client:
        bars = await client.bars("GOOG")
        fake.peers[0].fault = list
        assert await numbers(bars, 10) == list(range(3, 13))
    assert [each["after"] for each in fake.received] == [None, 2]


@alone
async def test_lost_bar_is_requested_again() -> None:
    async with stack(series={"GOOG": Series(last=1)}) as fake, Client(fake.url, patience=QUICK) as client:
        bars = await client.bars("GOOG")
        fake.series["GOOG"].last += 2  # stored, but never sent
        await fake.store("GOOG")
        assert await numbers(bars, 4) == [1, 2, 3, 4]
    assert [each["after"] for each in fake.received] == [None, 1]


@alone
async def test_bars_that_cannot_be_parsed_are_an_error() -> None:
    async with stack(series={"GOOG": Series(last=1)}) as fake, Client(fake.url, patience=QUICK) as client:
        bars, run = await client.bars("GOOG"), await client.subscribe("user")
        await fake.peers[0].socket.send('{"version": 1, "type": "bars", "symbol": "GOOG", "first": 2, "bars": [[1]]}')
        assert await numbers(bars, 1) == [1]
        with pytest.raises(RunError, match="cannot parse"):
            await anext(bars)
        await client.unsubscribe("user")
        assert [event async for event in run] == []


@alone
async def test_silence_is_looked_into() -> None:
    patience = replace(QUICK, quiet=0.05)
    async with stack(series={"GOOG": Series(last=1)}) as fake, Client(fake.url, patience=patience) as client:
        bars = await client.bars("GOOG")
        fake.series["GOOG"].last += 1
        assert await numbers(bars, 2) == [1, 2]


@alone
async def test_bars_that_only_the_lake_has_are_counted() -> None:
    async with stack(series={"GOOG": Series(last=3)}) as fake, Client(fake.url, patience=QUICK) as client:
        bars = await client.bars("GOOG")
        fake.series["GOOG"].last += 1  # never sent
        await fake.store("GOOG")
        await client.whoami()  # bar 5 has arrived
        fake.peers[0].cut()
        await fake.until(lambda: not fake.subscribers["GOOG"])
        fake.series["GOOG"].last, fake.series["GOOG"].forgotten = 10, 8
        await fake.until(lambda: bool(fake.subscribers["GOOG"]))
        await client.whoami()  # the second reply has arrived
        assert await numbers(bars, 6) == [1, 2, 3, 5, 9, 10]
        assert bars.missed == 4
        await fake.store("GOOG")
        assert await numbers(bars, 1) == [11]
    assert [each["after"] for each in fake.received if each["type"] == "subscribe"] == [None, 3]


@alone
async def test_slow_caller_gets_all_bars() -> None:
    count = topic_stream.MOST_ITEMS + 2_000
    async with (
        stack(series={"GOOG": Series(last=count, piece=400)}) as fake,
        Client(fake.url, patience=QUICK) as client,
    ):
        bars = await client.bars("GOOG", after=0)
        assert (await client.whoami()).user_id == "user-1"  # which is behind them
        assert await numbers(bars, count) == list(range(1, count + 1))
    assert [each["after"] for each in fake.received if each["type"] == "subscribe"] == [0, topic_stream.MOST_ITEMS]


@alone
async def test_lost_server_says_that_the_feed_continues() -> None:
    async with stack(series={"GOOG": Series(last=1)}) as fake, Client(fake.url, patience=QUICK) as client:
        bars = await client.bars("GOOG")
        await client._session.close()
        assert await numbers(bars, 1) == [1]
        with pytest.raises(UnreachableError, match="the feed of GOOG continues"):
            await anext(bars)


@settings(deadline=None, max_examples=40)
@given(
    stored=some.integers(0, 30),
    session=some.integers(0, 30),
    live=some.lists(some.integers(1, 4), max_size=6),
    troubles=TROUBLES,
)
def test_any_network_fault_delivers_each_bar_once_in_order(
    stored: int, session: int, live: list[int], troubles: list[Trouble]
) -> None:
    dropped = Counter[int]()
    begins = min(session, stored)

    def connect(_stack: FakeStack, peer: Peer, number: int) -> None:
        if number < len(troubles):
            peer.fault, peer.sends = troubles[number].begin(dropped), troubles[number].sends

    async def follow() -> list[int]:
        series = {"GOOG": Series(last=stored, session=begins, piece=3)}
        async with stack(series=series, on_connect=connect) as fake, Client(fake.url, patience=HASTY) as client:
            bars = await client.bars("GOOG")
            for count in live:
                await fake.store("GOOG", count)
            async with asyncio.timeout(20):
                return await numbers(bars, fake.series["GOOG"].last - begins)

    assert asyncio.run(follow()) == list(range(begins + 1, stored + sum(live) + 1))


# --- the feed --------------------------------------------------------------------------------------------------------


@alone
async def test_feed_is_changed_and_listed_by_page() -> None:
    async with stack(series={"IBM": Series(last=4)}) as fake, Client(fake.url, patience=QUICK) as client:
        added = await client.add_feed_symbols(["msft", "IBM", "aapl", "GOOG", "NVDA"])
        assert [each.symbol for each in added] == ["AAPL", "GOOG", "IBM", "MSFT", "NVDA"]
        assert [each.sequence for each in added] == [0, 0, 4, 0, 0]
        await client.add_feed_symbols(["BTC/USD"], "24/7")
        left = await client.remove_feed_symbols(["NVDA", "aapl"])
        assert left == await client.feed()
        assert [(each.symbol, each.market) for each in left] == [
            ("BTC/USD", "24/7"),
            ("GOOG", "XNYS"),
            ("IBM", "XNYS"),
            ("MSFT", "XNYS"),
        ]


@alone
async def test_many_symbols_are_added_in_several_requests() -> None:
    names = [f"S{number:03d}" for number in range(120)]
    async with stack() as fake, Client(fake.url, patience=QUICK) as client:
        assert [each.symbol for each in await client.add_feed_symbols(names)] == names
        assert await client.remove_feed_symbols(names) == []
    assert [len(each["symbols"]) for each in fake.received if "symbols" in each] == [50, 50, 20] * 2
