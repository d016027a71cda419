"""The handle of one run: its events, each once and in order, to the last."""

import asyncio
from collections.abc import Callable
from typing import assert_never, cast

from tickfold.client.connection import Connection
from tickfold.client.errors import RunCancelledError, RunFailedError, RunTimeoutError
from tickfold.client.incoming import Unknown, Unreadable
from tickfold.client.numbered_listener import NumberedListener
from tickfold.client.sequence import Sequence
from tickfold.client.session import Session
from tickfold.errors import RunError
from tickfold.protocol import Cancelled, Failed, Final, Message, Result, Resume, Resumed, RunEvent

WINDOW = 256
"""Events that are buffered for a slow caller: at 32 kB each, 8 MB at most."""


class RunHandle(NumberedListener[RunEvent, Message]):
    """A run's events, each once and in order, as an async iterator that ends after the last of them.

    Events are buffered up to a bound for a slow caller; later ones are requested again once the buffer is drained.
    So the caller misses nothing, and blocks nobody.
    """

    def __init__(self, session: Session, run_id: str, after: int = 0, on: Connection | None = None) -> None:
        """Prepare to follow `run_id` from the event after number `after`; `on` is a connection subscribed to it."""
        super().__init__(session, Sequence(after, WINDOW), on)
        self.run_id = run_id

    async def result(
        self, show: Callable[[RunEvent], None] = lambda _event: None, timeout: float | None = None
    ) -> Result:
        """Take the events up to the result, and return it; `show` is called with each, the result included.

        Raises:
            RunFailedError: the run has failed.
            RunCancelledError: it was cancelled.
            RunTimeoutError: there is no result after `timeout` seconds, or after `Patience.run` if that is None.
        """
        seconds = self._session.patience.run if timeout is None else timeout
        last: RunEvent | None = None
        try:
            async with asyncio.timeout(seconds) as deadline:
                async for event in self:
                    show(event)
                    last = event
        except TimeoutError:
            if deadline.expired():
                raise RunTimeoutError(seconds, self.run_id) from None
            raise
        return self._result(last if isinstance(last, Final) else None)

    def offer(self, message: Message) -> None:
        """Take `message`, if it is the run's."""
        if message.run_id == self.run_id:
            self._add([message])

    # --- requests for missing events ---------------------------------------------------------------------------------

    async def _subscribe(self) -> None:
        self._sequence.overflowed = False
        await self._session.ask(Resume(run_id=self.run_id, after=self._sequence.last), self._resumed)

    def _resumed(self, answer: Message, connection: Connection) -> None:
        if not isinstance(answer, Resumed):
            return
        self._note_sent(connection, answer.last_sequence)
        if answer.status != "running" and not self._sequence.has_gap:
            self.close()  # every event has arrived

    # --- what the events are -----------------------------------------------------------------------------------------

    def _take(self) -> RunEvent | None:
        while isinstance(message := self._sequence.take(), Unknown):
            if isinstance(message, Unreadable):
                self.fail(message.fault())
                return None
        self._wake.set()
        event = cast(RunEvent | None, message)
        if event and self._is_last(event):
            self.close()
        return event

    def _is_last(self, event: RunEvent) -> bool:
        if isinstance(event, Failed):  # a run whose execution was redriven continues
            return event.sequence >= self._sequence.highest
        return isinstance(event, Result | Cancelled)

    def _result(self, final: Final | None) -> Result:
        match final:
            case Result():
                return final
            case Failed():
                raise RunFailedError(final.reason, self.run_id, final.stage)
            case Cancelled():
                raise RunCancelledError(self.run_id)
            case None:
                raise RunError(f"the last event of run {self.run_id} was taken before; get_result returns it")
            case _:
                assert_never(final)

    def _fate(self) -> str:
        return f"run {self.run_id} continues"
