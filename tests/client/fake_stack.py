"""A stack's WebSocket API at the edge of the network: real sockets, and faults as a test orders them.

It answers as docs/reference/protocol.md says. What becomes of its runs and series, the test says, message by message.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from threading import Thread
from typing import Any, Literal

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tickfold.portfolios.journal import rebuild
from tickfold.portfolios.order import in_turn
from tickfold.portfolios.portfolio import state_of, summary_of
from tickfold.protocol import (
    Accepted,
    Alert,
    AlertPreferences,
    AlertRule,
    AlertRuleDeleted,
    AlertRules,
    AlertRuleSummary,
    Alerts,
    AlertTerms,
    BacktestConfig,
    BotsMessage,
    BotSummary,
    Cancelled,
    Error,
    Failed,
    Feed,
    FeedSymbol,
    Final,
    IdentityMessage,
    JournalEntry,
    JournalPage,
    Message,
    OrdersState,
    Pong,
    Portfolios,
    Preferences,
    Progress,
    PushedBar,
    Result,
    Resumed,
    Runs,
    RunSummary,
    SentAlert,
    Status,
    Subscribed,
    SymbolBars,
    Trade,
    TradesState,
    Unsubscribed,
    dump,
)
from tickfold.protocol.journal import Fill

CONFIG = BacktestConfig(stock="GOOG", start_date=date(2020, 1, 1), end_date=date(2020, 12, 31), start_capital=10_000)
PAGES = datetime(2020, 1, 1, tzinfo=UTC)
OPEN = datetime(2026, 1, 30, 14, 30, tzinfo=UTC)
FEED_PAGE = ORDERS_PAGE = 2
ARN = "arn:aws:states:::execution"

Fault = Callable[[list[Message]], list[Message]]
"""What a connection makes of the messages that it is to send at once: fewer, repeated, in another order."""


def progress(sequence: int, run_id: str) -> Message:
    return Progress(run_id=run_id, sequence=sequence, chunks_done=sequence, chunks=100)


def result(sequence: int, run_id: str) -> Result:
    return Result(
        run_id=run_id,
        sequence=sequence,
        symbol="GOOG",
        timeframe="1d",
        start=date(2020, 1, 2),
        end=date(2020, 12, 31),
        bars=250,
        strategy="buy_and_hold",
        parameters={},
        chunks=4,
        replayed_bars=3,
        metrics={"final_equity": 12_345.0, "sharpe": None},
        execution_arn=ARN,
        trades_uri="s3://bucket/trades",
        equity_uri="s3://bucket/equity",
        duration_seconds=1.5,
    )


def pushed(number: int) -> PushedBar:
    """Return a bar of the session of New York of 2026-01-30, whose prices tell its number."""
    time = int((OPEN + timedelta(minutes=number - 1)).timestamp()) * 1_000
    sma9 = number - 4.0 if number >= 9 else None
    return PushedBar(time, number, number + 1.5, number - 0.5, number + 0.25, 1_000.0 * number, sma9, number + 0.125)


@dataclass(eq=False)
class Series:
    """The bars of a symbol: numbers 1 to `last`; the hot table has those after `forgotten`.

    A subscriber that has none gets those after `session`, in messages of `piece`.
    """

    last: int = 0
    forgotten: int = 0
    session: int = 0
    piece: int = 5

    def messages_after(self, symbol: str, after: int) -> list[Message]:
        return [
            self.message(symbol, first, min(first + self.piece - 1, self.last))
            for first in range(after + 1, self.last + 1, self.piece)
        ]

    def message(self, symbol: str, first: int, last: int) -> SymbolBars:
        bars = [pushed(number) for number in range(first, last + 1)]
        return SymbolBars(symbol=symbol, timeframe="1m", first=first, sequence=last, bars=bars)


@dataclass(eq=False)
class Peer:
    """The server's end of one connection."""

    socket: ServerConnection
    token: str | None
    fault: Fault = list
    sends: int | None = None
    """How many messages it sends before it breaks; None is any number."""

    async def send(self, *messages: Message) -> None:
        for message in self.fault(list(messages)):
            if self.sends == 0:
                self.cut()
                return
            if self.sends is not None:
                self.sends -= 1
            try:
                await self.socket.send(dump(message))
            except ConnectionClosed:
                return
        if self.sends == 0:
            # What was sent is let through, as the cut of a network that has carried it would.
            self.socket.transport.close()

    def cut(self) -> None:
        """Lose the connection as a network does: without a closing handshake."""
        self.socket.transport.abort()


@dataclass(eq=False)
class FakeStack:
    """Runs, those who are connected, and all that was received."""

    url: str = ""
    plan: list[Message] = field(default_factory=list)
    """What follows `accepted` when a run is started."""
    run_id: str = "run-{}"
    """The name of a run that is started, with its number."""
    runs: dict[str, list[Message]] = field(default_factory=dict)
    series: dict[str, Series] = field(default_factory=dict)
    watched: dict[str, str] = field(default_factory=dict)
    rules: list[AlertRuleSummary] = field(default_factory=list)
    alerts: list[SentAlert] = field(default_factory=list)
    journals: dict[str, list[JournalEntry]] = field(default_factory=dict)
    """The journals of portfolios, by id, from their first entry on."""
    bots: list[BotSummary] = field(default_factory=list)
    """Those of each portfolio."""
    preferences: Preferences = field(default_factory=Preferences)
    """The symbols of the feed, and their markets."""
    most_replayed: int = 500
    """Entries of a journal that a subscriber is sent."""
    keys: dict[str, str] = field(default_factory=dict)
    peers: list[Peer] = field(default_factory=list)
    received: list[dict[str, Any]] = field(default_factory=list)
    attempts: list[str | None] = field(default_factory=list)
    """The token of each attempt to connect."""
    on_connect: Callable[["FakeStack", Peer, int], None] = lambda _stack, _peer, _number: None
    admit: Callable[[str | None, int], HTTPStatus | None] = lambda _token, _attempt: None
    answers: Callable[[dict[str, Any]], bool] = lambda _request: True
    refusal: Message | None = None
    ignored: list[str] = field(default_factory=list)
    subscribers: dict[str, set[Peer]] = field(default_factory=lambda: defaultdict(set))
    connected: int = 0
    open: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)

    def types(self) -> list[str]:
        return [request["type"] for request in self.received]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something that the server sees has become true."""
        async with asyncio.timeout(10):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def publish(self, *messages: Message) -> None:
        """Go on with runs: keep the messages, and send them to those who follow the runs."""
        for message in messages:
            run_id = message.run_id or ""
            self.runs[run_id].append(message)
            for peer in self.subscribers[run_id] | self.subscribers["user"]:
                await peer.send(message)

    async def store(self, symbol: str, bars: int = 1) -> None:
        """Go on with a series: add bars, and send them to those who follow the symbol, as one message."""
        series = self.series[symbol]
        first, series.last = series.last + 1, series.last + bars
        for peer in tuple(self.subscribers[symbol]):
            await peer.send(series.message(symbol, first, series.last))

    async def write(self, portfolio: str, *events: Any) -> None:
        """Go on with a journal, or begin it: add an entry, and send it to those who follow the portfolio."""
        journal = self.journals.setdefault(portfolio, [])
        entry = JournalEntry(portfolio=portfolio, sequence=len(journal) + 1, time=0, by="trader", events=list(events))
        journal.append(entry)
        for peer in tuple(self.subscribers[portfolio]):
            await peer.send(entry)

    async def alert(self, alert: Alert) -> None:
        """Go on with the alerts: add one, and send it to those who follow them."""
        self.alerts.insert(0, SentAlert(alert=alert, deliveries={}))
        for peer in tuple(self.subscribers["user"]):
            await peer.send(alert)

    def cut(self) -> None:
        """Lose all connections; may be called from another thread."""
        for peer in self.peers:
            self.loop.call_soon_threadsafe(peer.cut)

    # --- the API -----------------------------------------------------------------------------------------------------

    def handshake(self, connection: ServerConnection, request: Request) -> Response | None:
        offered = request.headers.get("Sec-WebSocket-Protocol", "").split(", ")
        assert offered[0] == "tickfold"
        self.attempts.append(offered[1].removeprefix("bearer.") if len(offered) > 1 else None)
        self.changed.set()
        status = self.admit(self.attempts[-1], len(self.attempts))
        if status is None:
            return None
        refusal = connection.respond(status, "refused")
        refusal.headers["Location"] = self.url
        return refusal

    async def serve(self, socket: ServerConnection) -> None:
        peer = Peer(socket, self.attempts[-1])
        self.on_connect(self, peer, self.connected)
        self.peers.append(peer)
        self.connected += 1
        self.open += 1
        self.changed.set()
        try:
            async for text in socket:
                request = json.loads(text)
                self.received.append(request)
                if self.answers(request):
                    await self.answer(peer, request)
                self.changed.set()
        except ConnectionClosed:
            pass
        finally:
            self.open -= 1
            for peers in self.subscribers.values():
                peers.discard(peer)
            self.changed.set()

    async def answer(self, peer: Peer, request: dict[str, Any]) -> None:  # noqa: PLR0912 - a case a kind
        name, kind = request["correlationId"], request["type"]
        if self.refusal and kind != "ping":
            await peer.send(self.refusal.model_copy(update={"correlation_id": name}))
            return
        run_id = request.get("runId", "")
        if kind in ("resume", "cancel", "get_result") and run_id not in self.runs:
            await peer.send(Error(correlation_id=name, code="not_found", reason=f"there is no run {run_id}"))
            return
        match kind:
            case "ping":
                await peer.send(Pong(correlation_id=name))
            case "start_backtest" | "start_sweep":
                await self.start(peer, request)
            case "resume":
                await self.resume(peer, request)
            case "cancel":
                await self.cancel(peer, request)
            case "get_result":
                await peer.send(self.runs[run_id][-1].model_copy(update={"correlation_id": name}))
            case "list_runs":
                await self.list_runs(peer, request)
            case "list_feed" | "add_feed_symbols" | "remove_feed_symbols":
                await self.feed(peer, request)
            case "subscribe" | "unsubscribe":
                await self.change_subscription(peer, request)
            case "list_portfolios" | "get_portfolio" | "list_orders" | "list_trades" | "get_journal" | "list_bots":
                await peer.send(self.portfolio_answer(request).model_copy(update={"correlation_id": name}))
            case _ if "alert" in kind:
                await peer.send(self.alert_answer(request).model_copy(update={"correlation_id": name}))
            case "whoami":
                who = IdentityMessage(
                    correlation_id=name, user_id="user-1", portfolios=["p-1"], expires_at=0, connection_id="c-1"
                )
                await peer.send(who)

    def alert_answer(self, request: dict[str, Any]) -> Message:
        match request["type"]:
            case "create_alert_rule":
                rule, rule_id = AlertTerms.model_validate(request["rule"]), f"r{len(self.rules):016x}"
                made = AlertRuleSummary(rule_id=rule_id, rule=rule, created_at=0, status="armed", fired=0)
                self.rules.append(made)
                return AlertRule(rule=made, webhook_secret="whsec_1" if rule.webhook_url else None)
            case "list_alert_rules":
                return AlertRules(rules=self.rules)
            case "delete_alert_rule":
                self.rules = [each for each in self.rules if each.rule_id != request["ruleId"]]
                return AlertRuleDeleted(rule_id=request["ruleId"])
            case "list_alerts":
                return Alerts(alerts=self.alerts)
            case _:
                self.preferences = Preferences.model_validate(request.get("preferences") or self.preferences)
                state: Literal["unconfirmed", "none"] = "unconfirmed" if self.preferences.email else "none"
                return AlertPreferences(preferences=self.preferences, email_state=state)

    def portfolio_answer(self, request: dict[str, Any]) -> Message:
        if request["type"] == "list_portfolios":
            return Portfolios(portfolios=[summary_of(rebuild(journal)) for journal in self.journals.values()])
        known = request["portfolio"]
        head = rebuild(self.journals[known])
        match request["type"]:
            case "get_portfolio":
                return state_of(head)
            case "list_orders":
                before = request["before"] or head.orders_placed + 1
                open_orders = [each for each in reversed(in_turn(head.orders)) if each.number < before]
                page = open_orders[:ORDERS_PAGE]
                following = page[-1].number if len(open_orders) > ORDERS_PAGE else None
                return OrdersState(portfolio=known, sequence=head.revision, orders=page, next=following)
            case "list_bots":
                return BotsMessage(portfolio=known, bots=self.bots)
            case "get_journal":
                return JournalPage(portfolio=known, entries=self.journals[known][request["after"] :])
            case _:
                fills = [
                    Trade(trade_id=f"{entry.sequence}-{at}", **event.model_dump())
                    for entry in self.journals[known]
                    for at, event in enumerate(entry.events)
                    if isinstance(event, Fill)
                ]
                return TradesState(portfolio=known, trades=list(reversed(fills)))

    async def subscribe_to_journal(self, peer: Peer, request: dict[str, Any]) -> None:
        name, portfolio, after = request["correlationId"], request["id"], request["after"]
        journal = self.journals[portfolio]
        self.subscribers[portfolio].add(peer)
        about = {"topic": "journal", "id": portfolio, "last_sequence": len(journal), "correlation_id": name}
        if after is None or len(journal) - after > self.most_replayed:
            await peer.send(Subscribed(after=len(journal), **about), state_of(rebuild(journal)))
        else:
            await peer.send(Subscribed(after=after, **about), *journal[after:])

    async def change_subscription(self, peer: Peer, request: dict[str, Any]) -> None:
        name = request["correlationId"]
        match request["type"], request["topic"]:
            case "subscribe", "symbol":
                await self.subscribe_to_symbol(peer, request)
            case "subscribe", "journal":
                await self.subscribe_to_journal(peer, request)
            case "subscribe" | "unsubscribe" as kind, _:
                about = {"topic": request["topic"], "id": request["id"] or "user-1"}
                subscribed = self.subscribers[request["id"] or "user"]
                if kind == "subscribe":
                    subscribed.add(peer)
                    await peer.send(Subscribed(correlation_id=name, **about))
                else:
                    subscribed.discard(peer)
                    await peer.send(Unsubscribed(correlation_id=name, **about))

    async def start(self, peer: Peer, request: dict[str, Any]) -> None:
        run_id = self.keys.setdefault(request["key"], self.run_id.format(len(self.keys) + 1))
        if run_id not in self.runs:
            accepted = Accepted(
                run_id=run_id, sequence=1, execution_arn=ARN, config=request["config"], ignored=self.ignored
            )
            self.runs[run_id] = [accepted, *(each.model_copy(update={"run_id": run_id}) for each in self.plan)]
        self.subscribers[run_id].add(peer)
        first = self.runs[run_id][0].model_copy(update={"correlation_id": request["correlationId"]})
        await peer.send(first, *self.runs[run_id][1:])

    async def resume(self, peer: Peer, request: dict[str, Any]) -> None:
        run = self.runs[request["runId"]]
        self.subscribers[request["runId"]].add(peer)
        answer = Resumed(
            run_id=request["runId"],
            correlation_id=request["correlationId"],
            status=status_of(run),
            last_sequence=run[-1].sequence,
        )
        await peer.send(answer, *run[request["after"] :])

    async def subscribe_to_symbol(self, peer: Peer, request: dict[str, Any]) -> None:
        name, symbol = request["correlationId"], request["id"]
        if (series := self.series.get(symbol)) is None:
            reason = f"the feed does not fetch {symbol}"
            await peer.send(Error(correlation_id=name, code="not_found", reason=reason))
            return
        self.subscribers[symbol].add(peer)
        after = max(series.session if request["after"] is None else request["after"], series.forgotten)
        answer = Subscribed(topic="symbol", id=symbol, after=after, last_sequence=series.last, correlation_id=name)
        await peer.send(answer, *series.messages_after(symbol, after))

    async def feed(self, peer: Peer, request: dict[str, Any]) -> None:
        match request["type"]:
            case "add_feed_symbols":
                self.watched |= dict.fromkeys(request["symbols"], request["market"])
            case "remove_feed_symbols":
                self.watched = {name: self.watched[name] for name in self.watched.keys() - request["symbols"]}
        names = [name for name in sorted(self.watched) if name > (request.get("after") or "")]
        page = [self.feed_symbol(name) for name in names[:FEED_PAGE]]
        following = page[-1].symbol if len(names) > FEED_PAGE else None
        await peer.send(Feed(correlation_id=request["correlationId"], symbols=page, next=following))

    def feed_symbol(self, symbol: str) -> FeedSymbol:
        series = self.series.get(symbol, Series())
        return FeedSymbol(
            symbol=symbol,
            market="24/7" if self.watched[symbol] == "24/7" else "XNYS",
            timeframe="1m",
            last_bar=pushed(series.last).time if series.last else None,
            sequence=series.last,
            provider="alpaca" if series.last else None,
            quarantined=0,
        )

    async def cancel(self, peer: Peer, request: dict[str, Any]) -> None:
        run = self.runs[request["runId"]]
        if not isinstance(run[-1], Final):
            run.append(Cancelled(run_id=request["runId"], sequence=len(run) + 1))
            for other in self.subscribers[request["runId"]] - {peer}:
                await other.send(run[-1])
        await peer.send(run[-1].model_copy(update={"correlation_id": request["correlationId"]}))

    async def list_runs(self, peer: Peer, request: dict[str, Any]) -> None:
        newest = list(reversed(self.runs.items()))
        # A cursor looks like a time; where the page begins is its second.
        asked = datetime.fromisoformat(request["before"]) if request["before"] else PAGES
        first = round((asked - PAGES).total_seconds())
        end = first + request["limit"]
        runs = [summary(run_id, run) for run_id, run in newest[first:end]]
        more = (PAGES + timedelta(seconds=end)).isoformat() if end < len(newest) else None
        await peer.send(Runs(correlation_id=request["correlationId"], runs=runs, next=more))


def status_of(run: list[Message]) -> Status:
    match run[-1]:
        case Result():
            return "succeeded"
        case Failed():
            return "failed"
        case Cancelled():
            return "cancelled"
    return "running"


def summary(run_id: str, run: list[Message]) -> RunSummary:
    done = isinstance(run[-1], Result)
    return RunSummary(
        run_id=run_id,
        status=status_of(run),
        created_at=1_577_872_800_000,
        stock="GOOG",
        strategy="sma_cross",
        start_date=CONFIG.start_date,
        end_date=CONFIG.end_date,
        sweep=False,
        chunks_done=7 if done else 3,
        chunks=7,
        metrics={"total_return": 4.142299, "sharpe": 0.5806} if done else {},
    )


@asynccontextmanager
async def stack(**settings: Any) -> AsyncIterator[FakeStack]:
    """Serve a stack on this machine, and see that nobody is connected to it at the end."""
    fake = FakeStack(**settings)
    async with serve(fake.serve, "127.0.0.1", 0, process_request=fake.handshake) as server:
        fake.url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/stage"
        yield fake
        await fake.until(lambda: fake.open == 0)


@contextmanager
def stack_in_thread(**settings: Any) -> Iterator[FakeStack]:
    """Serve a stack from a thread, for a client that has the main one."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    serving = stack(**settings)
    fake = asyncio.run_coroutine_threadsafe(serving.__aenter__(), loop).result(5)
    try:
        yield fake
    finally:
        asyncio.run_coroutine_threadsafe(serving.__aexit__(None, None, None), loop).result(15)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
    assert not thread.is_alive()
