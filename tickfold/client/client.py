"""The client of a stack: its public methods."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

from tickfold.client.alert_stream import AlertStream
from tickfold.client.alerts import AlertClient
from tickfold.client.answers import expect, unexpected
from tickfold.client.bar_stream import BarStream
from tickfold.client.bots import BotClient
from tickfold.client.connection import Connection
from tickfold.client.connection_status import ConnectionStatus
from tickfold.client.journal_stream import JournalStream
from tickfold.client.listener import Listener
from tickfold.client.patience import Patience
from tickfold.client.portfolios import PortfolioClient
from tickfold.client.run import RunHandle
from tickfold.client.session import Session
from tickfold.client.subscription import Subscription
from tickfold.client.token import Token
from tickfold.client.topic_stream import TopicStream
from tickfold.errors import RunError
from tickfold.protocol import (
    MOST_FEED_SYMBOLS,
    Accepted,
    AddFeedSymbols,
    BacktestConfig,
    Cancel,
    Feed,
    FeedSymbol,
    Final,
    GetResult,
    IdentityMessage,
    ListFeed,
    ListRuns,
    Market,
    Message,
    RemoveFeedSymbols,
    Runs,
    RunTopic,
    StartBacktest,
    StartSweep,
    SweepConfig,
    Topic,
    Unsubscribe,
    Unsubscribed,
    Whoami,
)
from tickfold.protocol.symbol import parse_symbol

AnyListener = TypeVar("AnyListener", bound=Listener[Any])

_STREAMS = (Subscription, TopicStream, AlertStream)


class Client(PortfolioClient, BotClient, AlertClient):
    """Runs, symbols, portfolios, bots and alerts over one connection, which is replaced whenever it is lost.

    An async context manager: the connection is opened on entry and closed on exit. Every method waits for its answer
    over as many connections as that takes, and raises

    - RefusedError: the server refused the request, which had no effect;
    - UnauthorizedError: it did not accept the token;
    - UnreachableError: it cannot be reached any more, or does not answer.
    """

    def __init__(
        self,
        url: str,
        token: Token = None,
        patience: Patience | None = None,
        watch: Callable[[bool], None] = lambda _connected: None,
    ) -> None:
        """Prepare to connect to the WebSocket `url`.

        If `token` is a function it is called for each connection, so that a run may outlive a token. `watch` is called
        with False when the connection is lost, and with True when it is back.
        """
        super().__init__(Session(url, token, patience or Patience(), watch))

    async def __aenter__(self) -> Self:
        """Open the connection."""
        await self._session.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection and end all tasks. The runs continue."""
        await self._session.close()

    @property
    def connection(self) -> ConnectionStatus:
        """The state of the connection now."""
        return self._session.status

    async def start_backtest(
        self, config: BacktestConfig, key: str | None = None, portfolio: str | None = None
    ) -> RunHandle:
        """Start a run, and follow it.

        Idempotent by `key`: a second start with the same key follows the run that the first one started. A key is
        generated if none is given, so that a start that is sent again after a lost connection starts nothing twice.
        """
        return await self._start(StartBacktest(config=config, key=key or uuid.uuid4().hex, portfolio=portfolio))

    async def start_sweep(self, config: SweepConfig, key: str | None = None, portfolio: str | None = None) -> RunHandle:
        """Start a sweep, and follow it; see `start_backtest`."""
        return await self._start(StartSweep(config=config, key=key or uuid.uuid4().hex, portfolio=portfolio))

    async def attach(self, run_id: str, after: int = 0) -> RunHandle:
        """Follow a run, running or ended, from the event after number `after`."""
        return await _subscribed(RunHandle(self._session, run_id, after))

    async def cancel(self, run_id: str) -> Final:
        """Cancel a run, and return its final event: `Cancelled`, or the one that it had ended with before."""
        return await self._end_of(Cancel(run_id=run_id))

    async def get_result(self, run_id: str) -> Final:
        """Return the final event of a run that has ended."""
        return await self._end_of(GetResult(run_id=run_id))

    async def list_runs(self, limit: int = 20, before: str | None = None) -> Runs:
        """Return up to `limit` of the user's runs, newest first; `before` is `next` of the previous page."""
        return expect(Runs, await self._session.ask(ListRuns(limit=limit, before=before)))

    async def whoami(self) -> IdentityMessage:
        """Return the user whom the token identifies."""
        return expect(IdentityMessage, await self._session.ask(Whoami()))

    async def bars(self, symbol: str, after: int | None = None) -> BarStream:
        """Follow the bars of a symbol of the feed: those of the last session so far, then each once it is stored.

        With `after`, the number of a bar, those that follow it.
        """
        return await _subscribed(BarStream(self._session, _symbol(symbol), after))

    async def feed(self) -> list[FeedSymbol]:
        """Return the symbols that the feed fetches, by name, and how far each is."""
        page = expect(Feed, await self._session.ask(ListFeed()))
        symbols = list(page.symbols)
        while page.next:
            page = expect(Feed, await self._session.ask(ListFeed(after=page.next)))
            symbols += page.symbols
        return symbols

    async def add_feed_symbols(self, symbols: Iterable[str], market: Market = "XNYS") -> list[FeedSymbol]:
        """Have the feed fetch `symbols` of `market` from its next tick on; return all that it fetches. Idempotent."""
        for part in _parts(symbols):
            expect(Feed, await self._session.ask(AddFeedSymbols(symbols=part, market=market)))
        return await self.feed()

    async def remove_feed_symbols(self, symbols: Iterable[str]) -> list[FeedSymbol]:
        """Have the feed fetch `symbols` no longer; return all that it fetches. Idempotent; their bars stay."""
        for part in _parts(symbols):
            expect(Feed, await self._session.ask(RemoveFeedSymbols(symbols=part)))
        return await self.feed()

    async def alerts(self) -> AlertStream:
        """Follow the user's alerts from now on."""
        return await _subscribed(AlertStream(self._session))

    async def journal(self, portfolio: str, after: int | None = None) -> JournalStream:
        """Follow the journal of a portfolio, by its id or name: the portfolio as it is, then each entry once written.

        With `after`, the number of an entry, those that follow it.
        """
        known = await self.get_portfolio(portfolio)
        return await _subscribed(JournalStream(self._session, known.portfolio.portfolio, after))

    async def subscribe(self, topic: RunTopic, id: str | None = None) -> Subscription:
        """Receive the events of one run, of the user's runs, or of a portfolio's, from now on."""
        return await _subscribed(Subscription(self._session, topic, id))

    async def unsubscribe(self, topic: Topic, id: str | None = None) -> None:
        """End the subscriptions to a topic; `id` of the topic `symbol` is the symbol."""
        known = _symbol(id) if topic == "symbol" and id else id
        for follower in tuple(self._session.followers):
            if isinstance(follower, _STREAMS) and (follower.topic, follower.id) == (topic, known):
                follower.close()
        expect(Unsubscribed, await self._session.ask(Unsubscribe(topic=topic, id=known)))

    async def _start(self, request: StartBacktest | StartSweep) -> RunHandle:
        handles: list[RunHandle] = []

        def follow(answer: Message, connection: Connection) -> None:
            # Here and not after the answer is returned: the run's next events may follow at once.
            if isinstance(answer, Accepted) and answer.run_id:
                handles.append(RunHandle(self._session, answer.run_id, on=connection).start())

        try:
            expect(Accepted, await self._session.ask(request, follow))
        except BaseException:
            for handle in handles:
                handle.close()
            raise
        return handles[0]

    async def _end_of(self, request: Cancel | GetResult) -> Final:
        answer = await self._session.ask(request)
        if not isinstance(answer, Final):
            raise unexpected(answer)
        return answer


async def _subscribed(listener: AnyListener) -> AnyListener:
    """Start `listener`, and return it once the server sends it events."""
    listener.start()
    try:
        await listener.subscribed()
    except BaseException:
        listener.close()
        raise
    return listener


def _symbol(text: str) -> str:
    try:
        return parse_symbol(text)
    except ValueError as error:
        raise RunError(f"{text!r} is no symbol: {error}") from None


def _parts(symbols: Iterable[str]) -> Iterator[list[str]]:
    """Yield `symbols` in lists that one request may have."""
    names = [_symbol(each) for each in symbols]
    return (names[first : first + MOST_FEED_SYMBOLS] for first in range(0, len(names), MOST_FEED_SYMBOLS))
