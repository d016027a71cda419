"""The client of a stack: its public methods."""

import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from tickfold.client.connection import Connection
from tickfold.client.patience import Patience
from tickfold.client.run import RunHandle
from tickfold.client.session import Session
from tickfold.client.subscription import Subscription
from tickfold.client.token import Token
from tickfold.errors import RunError
from tickfold.protocol import (
    Accepted,
    BacktestConfig,
    Cancel,
    Final,
    GetResult,
    IdentityMessage,
    ListRuns,
    Message,
    Runs,
    StartBacktest,
    StartSweep,
    SweepConfig,
    Topic,
    Unsubscribe,
    Unsubscribed,
    Whoami,
)

Answer = TypeVar("Answer", bound=Message)


class Client:
    """Starts and follows any number of runs over one connection, which is replaced whenever it is lost.

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
        self._session = Session(url, token, patience or Patience(), watch)

    async def __aenter__(self) -> Self:
        """Open the connection."""
        await self._session.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection and end all tasks. The runs continue."""
        await self._session.close()

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
        handle = RunHandle(self._session, run_id, after).start()
        try:
            await handle.subscribed()
        except BaseException:
            handle.close()
            raise
        return handle

    async def cancel(self, run_id: str) -> Final:
        """Cancel a run, and return its final event: `Cancelled`, or the one that it had ended with before."""
        return await self._end_of(Cancel(run_id=run_id))

    async def get_result(self, run_id: str) -> Final:
        """Return the final event of a run that has ended."""
        return await self._end_of(GetResult(run_id=run_id))

    async def list_runs(self, limit: int = 20, before: str | None = None) -> Runs:
        """Return up to `limit` of the user's runs, newest first; `before` is `next` of the previous page."""
        return _expect(Runs, await self._session.ask(ListRuns(limit=limit, before=before)))

    async def whoami(self) -> IdentityMessage:
        """Return the user whom the token identifies."""
        return _expect(IdentityMessage, await self._session.ask(Whoami()))

    async def subscribe(self, topic: Topic, id: str | None = None) -> Subscription:
        """Receive the events of one run, of the user's runs, or of a portfolio's, from now on."""
        subscription = Subscription(self._session, topic, id).start()
        try:
            await subscription.subscribed()
        except BaseException:
            subscription.close()
            raise
        return subscription

    async def unsubscribe(self, topic: Topic, id: str | None = None) -> None:
        """End the subscriptions to a topic."""
        for follower in tuple(self._session.followers):
            if isinstance(follower, Subscription) and (follower.topic, follower.id) == (topic, id):
                follower.close()
        _expect(Unsubscribed, await self._session.ask(Unsubscribe(topic=topic, id=id)))

    async def _start(self, request: StartBacktest | StartSweep) -> RunHandle:
        handles: list[RunHandle] = []

        def follow(answer: Message, connection: Connection) -> None:
            # Here and not after the answer is returned: the run's next events may follow at once.
            if isinstance(answer, Accepted) and answer.run_id:
                handles.append(RunHandle(self._session, answer.run_id, on=connection).start())

        try:
            _expect(Accepted, await self._session.ask(request, follow))
        except BaseException:
            for handle in handles:
                handle.close()
            raise
        return handles[0]

    async def _end_of(self, request: Cancel | GetResult) -> Final:
        answer = await self._session.ask(request)
        if not isinstance(answer, Final):
            raise _unexpected(answer)
        return answer


def _expect(kind: type[Answer], answer: Message) -> Answer:
    if not isinstance(answer, kind):
        raise _unexpected(answer)
    return answer


def _unexpected(answer: Message) -> RunError:
    return RunError(f"unexpected answer from the server: {type(answer).__name__}", "internal")
