"""Ctrl-C, wherever it comes; while a run is followed, detach from it, or cancel it if the user says so."""

import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tickfold import protocol
from tickfold.cli.console import note, stderr

if TYPE_CHECKING:
    from tickfold.client import Client


def detach(client: "Client", run_id: str | None) -> None:
    """Detach from a run; on a terminal, ask whether to cancel it.

    Raises:
        RunError: it could not be cancelled.
    """
    if run_id is None:
        note("interrupted; `tickfold runs` shows whether the run has started")
    elif _asks_to_cancel(run_id):
        import asyncio  # noqa: PLC0415 - slow to load, and help needs none

        asyncio.run(_cancel(client, run_id))
    else:
        note(f"detached; run {run_id} continues in the stack: `tickfold attach {run_id}` follows it again")


@contextmanager
def kept_interrupts() -> Iterator[Callable[[float], None]]:
    """Give a `time.sleep` that raises the KeyboardInterrupt that Python has dropped.

    One that comes while an object is finalised, such as an answer of urllib3, is raised nowhere else.
    """
    pressed = False

    def remember(*_: object) -> None:
        nonlocal pressed
        pressed = True
        raise KeyboardInterrupt

    def sleep(seconds: float) -> None:
        if pressed:
            raise KeyboardInterrupt
        time.sleep(seconds)

    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # not where a shell has told the command to ignore it
        signal.signal(signal.SIGINT, remember)
    try:
        yield sleep
    finally:
        signal.signal(signal.SIGINT, before)


def _asks_to_cancel(run_id: str) -> bool:
    if not (sys.stdin.isatty() and stderr().is_terminal):
        return False
    question = f"run {run_id} is still running: detach from it, or cancel it? (d/c) [d] "
    try:
        stderr().print(question, end="", markup=False, highlight=False)
        answer = _typed_line()
    except KeyboardInterrupt:  # a second Ctrl-C detaches
        note("")
        return False
    return answer.strip().lower() in ("c", "cancel")


def _typed_line() -> str:
    """Wait for a line on stdin and return it. Ctrl-C ends the wait, also if it comes just before it.

    Such a one does not end a read that begins after it: Python raises it with the next key only.
    """
    awake, wakes = socket.socketpair()
    with awake, wakes:
        wakes.setblocking(False)
        before = signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
        try:
            while sys.stdin not in select.select([sys.stdin, awake], [], [])[0]:
                awake.recv(1)
        finally:
            signal.set_wakeup_fd(before)
    return sys.stdin.readline()


async def _cancel(client: "Client", run_id: str) -> None:
    async with client:
        ended = await client.cancel(run_id)
    note(f"run {run_id} is cancelled" if isinstance(ended, protocol.Cancelled) else f"run {run_id} had already ended")
