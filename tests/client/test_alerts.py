"""The client's alerts: each once, also those that come while the connection is lost."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tickfold.client import Client, Patience
from tickfold.protocol import Alert, Alerts, Message, SentAlert, Subscribed, Unsubscribed, dump

pytestmark = pytest.mark.anyio
PATIENCE = Patience(first_retry=0.02, longest_retry=0.1, answer=2)


def alert(number: int) -> Alert:
    return Alert(alert_id=f"a{number}", rule_id="r", kind="price", title="t", text="x", at=number)


def entry(of: Alert) -> str:
    return f"alert#{of.at:015d}#{of.alert_id}"


@dataclass
class Server:
    """A stack that has a history of alerts, and pushes what a test says; a page of the history has two."""

    history: list[Alert] = field(default_factory=list)
    sockets: list[ServerConnection] = field(default_factory=list)
    subscribed: int = 0

    async def push(self, *alerts: Alert) -> None:
        for each in alerts:
            await self.sockets[-1].send(dump(each))

    async def answer(self, socket: ServerConnection) -> None:
        self.sockets.append(socket)
        try:
            async for text in socket:
                request = json.loads(text)
                reply = self._reply(request).model_copy(update={"correlation_id": request["correlationId"]})
                await socket.send(dump(reply))
        except ConnectionClosed:
            pass

    def _reply(self, request: dict[str, str]) -> Message:
        match request["type"]:
            case "subscribe":
                self.subscribed += 1
                return Subscribed(topic="alerts", id="ada")
            case "unsubscribe":
                return Unsubscribed(topic="alerts", id="ada")
            case _:
                latest = self.history[::-1]
                begin = next((at for at, each in enumerate(latest, 1) if entry(each) == request.get("before")), 0)
                page = [SentAlert(alert=each, deliveries={}) for each in latest[begin : begin + 2]]
                following = entry(latest[begin + 1]) if begin + 2 < len(latest) else None
                return Alerts(alerts=page, next=following)


@asynccontextmanager
async def connected(server: Server) -> AsyncIterator[Client]:
    async with serve(server.answer, "127.0.0.1", 0) as listening:
        port = next(iter(listening.sockets)).getsockname()[1]
        async with Client(f"ws://127.0.0.1:{port}", patience=PATIENCE) as client:
            yield client


async def test_alerts_come_once_and_from_now_on() -> None:
    server = Server(history=[alert(1), alert(2)])
    async with connected(server) as client:
        alerts = await client.alerts()
        await server.push(alert(2), alert(3), alert(3), alert(4))
        assert [(await anext(alerts)).alert_id for _ in range(2)] == ["a3", "a4"]
        await client.unsubscribe("alerts")
        assert [each async for each in alerts] == []


@pytest.mark.parametrize("missed", [0, 1, 5])
async def test_alerts_of_a_lost_connection_are_taken_from_the_history(missed: int) -> None:
    server = Server(history=[alert(1)])
    async with connected(server) as client:
        alerts = await client.alerts()
        await server.push(alert(2))
        server.history.append(alert(2))
        assert (await anext(alerts)).alert_id == "a2"
        server.history += [alert(number) for number in range(3, 3 + missed)]
        await server.sockets[-1].close()
        async with asyncio.timeout(10):
            while server.subscribed < 2:
                await asyncio.sleep(0.01)
            await server.push(alert(9))
            found = [(await anext(alerts)).alert_id for _ in range(missed + 1)]
    assert sorted(found) == sorted([*(f"a{number}" for number in range(3, 3 + missed)), "a9"])
