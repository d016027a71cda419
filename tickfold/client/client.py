"""The client of a stack: what may be asked of it."""

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
    """Starts runs and follows them, as many at once as are wanted, over one connection that is replaced as needed.

    It is an async context manager: the connection is opened on entry, and nothing is left of it after exit. Every
    method waits for its answer over as many connections as that takes, and raises

    - RefusedError: the server refused what was asked; nothing was started or changed;
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
        """Prepare to talk to the WebSocket `url`.

        A `token` that is a function is asked anew for each connection, so that a run may outlive a token. `watch` is
        called with False when the connection is lost, and with True when there is one again.
        """
        self._session = Session(url, token, patience or Patience(), watch)

    async def __aenter__(self) -> Self:
        """Open the connection."""
        await self._session.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End everything but the runs, which go on."""
        await self._session.close()

    async def start_backtest(
        self, config: BacktestConfig, key: str | None = None, portfolio: str | None = None
    ) -> RunHandle:
        """Start a run, and follow it.

        A start with the `key` of another of the user's starts nothing new: it follows the run that the other started.
        Without one a key is made up, so that a start that is sent again after a lost connection stays one start.
        """
        return await self._start(StartBacktest(config=config, key=key or uuid.uuid4().hex, portfolio=portfolio))

    async def start_sweep(self, config: SweepConfig, key: str | None = None, portfolio: str | None = None) -> RunHandle:
        """Start a sweep, and follow it; as `start_backtest` does a run."""
        return await self._start(StartSweep(config=config, key=key or uuid.uuid4().hex, portfolio=portfolio))

    async def attach(self, run_id: str, after: int = 0) -> RunHandle:
        """Follow a run from its event behind number `after`, be it at its beginning or its end."""
        handle = RunHandle(self._session, run_id, after)
        try:
            await handle.subscribed()
        except BaseException:
            handle.close()
            raise
        return handle

    async def cancel(self, run_id: str) -> Final:
        """Stop a run; return what it ended with: `Cancelled`, or what it had ended with before."""
        return await self._end_of(Cancel(run_id=run_id))

    async def get_result(self, run_id: str) -> Final:
        """Return what a run ended with."""
        return await self._end_of(GetResult(run_id=run_id))

    async def list_runs(self, limit: int = 20, before: str | None = None) -> Runs:
        """Return up to `limit` of the user's runs, newest first; `before` is the `next` of an answer before."""
        return _expect(Runs, await self._session.ask(ListRuns(limit=limit, before=before)))

    async def whoami(self) -> IdentityMessage:
        """Return who the token says that the user is."""
        return _expect(IdentityMessage, await self._session.ask(Whoami()))

    async def subscribe(self, topic: Topic, id: str | None = None) -> Subscription:
        """Get the events of one run, of the user's runs, or of a portfolio's, from now on."""
        subscription = Subscription(self._session, topic, id)
        try:
            await subscription.subscribed()
        except BaseException:
            subscription.close()
            raise
        return subscription

    async def unsubscribe(self, topic: Topic, id: str | None = None) -> None:
        """Get no more of them. The topic's subscriptions end."""
        for listener in tuple(self._session.listeners):
            if isinstance(listener, Subscription) and (listener.topic, listener.id) == (topic, id):
                listener.close()
        _expect(Unsubscribed, await self._session.ask(Unsubscribe(topic=topic, id=id)))

    async def _start(self, request: StartBacktest | StartSweep) -> RunHandle:
        handles: list[RunHandle] = []

        def follow(answer: Message, connection: Connection) -> None:
            # Now and not when the answer is returned: the run's next events may be right behind it.
            if isinstance(answer, Accepted) and answer.run_id:
                handles.append(RunHandle(self._session, answer.run_id, on=connection))

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
    return RunError(f"the server answered with {type(answer).__name__}, which is no answer to that", "internal")
