"""What the client tells of its connection, and streams of what they missed while it was lost."""

import asyncio
from dataclasses import replace
from http import HTTPStatus

from tests.cli.top.examples import alert, entry, opened, placed, seen
from tests.client.fake_stack import Series, stack
from tests.client.test_client import QUICK, alone, token
from tickfold.client import Client, ConnectionStatus


@alone
async def test_open_connection_tells_when_its_token_expires() -> None:
    async with stack() as fake:
        async with Client(fake.url, lambda: token(600), QUICK) as client:
            status = client.connection
            assert (status.is_open, status.retry_in) == (True, None)
            assert status.token_expires_in is not None
            assert 590 < status.token_expires_in <= 600
        async with Client(fake.url, "a.b.c", QUICK) as client:
            assert client.connection == ConnectionStatus(is_open=True)
        assert client.connection == ConnectionStatus(is_open=False)


@alone
async def test_lost_connection_tells_when_the_next_attempt_is() -> None:
    lost = asyncio.Event()
    patience = replace(QUICK, first_retry=60.0, longest_retry=60.0)
    async with stack() as fake, Client(fake.url, "a.b.c", patience, lambda _connected: lost.set()) as client:
        fake.admit = lambda _token, _attempt: HTTPStatus.SERVICE_UNAVAILABLE
        fake.cut()
        await lost.wait()
        while (retry_in := client.connection.retry_in) is None:
            await asyncio.sleep(0)
        assert not client.connection.is_open
        assert 0 <= retry_in <= 60


@alone
async def test_streams_tell_how_much_they_missed_while_the_connection_was_lost() -> None:
    back = asyncio.Event()
    async with (
        stack(series={"GOOG": Series(last=2)}) as fake,
        Client(fake.url, "a.b.c", QUICK, lambda connected: back.set() if connected else None) as client,
    ):
        await fake.write("p-1", *opened("growth", 100).events)
        bars, journal, alerts = await client.bars("GOOG"), await client.journal("p-1", 1), await client.alerts()
        assert [(await anext(bars)).sequence for _ in range(2)] == [1, 2]
        assert (bars.behind, journal.behind, alerts.behind) == (0, 0, 0)
        fake.admit = lambda _token, _attempt: HTTPStatus.SERVICE_UNAVAILABLE
        fake.cut()
        await fake.until(lambda: fake.open == 0)
        await fake.store("GOOG", 3)
        await fake.write("p-1", placed("a", 1))
        await fake.alert(alert("one", 1))
        fake.admit = lambda _token, _attempt: None
        assert [(await anext(bars)).sequence for _ in range(3)] == [3, 4, 5]
        assert ((await anext(journal)).sequence, (await anext(alerts)).alert_id) == (2, "one")
        assert (bars.behind, journal.behind, alerts.behind) == (3, 1, 1)
        back.clear()
        fake.cut()
        await back.wait()
        await fake.until(lambda: len(fake.subscribers["GOOG"]) == len(fake.subscribers["user"]) == 1)
        await fake.store("GOOG")
        assert (await anext(bars)).sequence == 6
        assert (bars.behind, alerts.behind) == (0, 0)


@alone
async def test_open_orders_are_of_one_revision() -> None:
    async with stack() as fake, Client(fake.url, "a.b.c", QUICK) as client:
        await fake.write("p-1", *opened("growth", 100).events)
        for number in range(1, 6):
            await fake.write("p-1", placed(f"o{number}", 1, number=number))
        later = [entry(8, seen(90)), entry(7, placed("o6", 1, number=6))]

        def between(request: dict[str, object]) -> bool:
            """Go on with the journal between two pages."""
            if request["type"] == "list_orders" and request["before"] and later:
                fake.journals["p-1"].append(later.pop())
            return True

        fake.answers = between
        found = await client.open_orders("p-1")
    assert (found.sequence, found.next) == (8, None)
    assert [order.order_id for order in found.orders] == ["o6", "o5", "o4", "o3", "o2", "o1"]
