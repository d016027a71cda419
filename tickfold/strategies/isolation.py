"""Isolation: foreign code runs in a child process, which the kernel ends when its time is over.

docs/decisions/strategies-in-a-child.md says why. The parent stays in control whatever the code does: an endless loop, a
call into C that never returns, a crash, `os._exit`.
"""

import multiprocessing
import os
import signal
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from time import monotonic
from typing import Any, Final, TypeVar

from tickfold.errors import TickfoldError

Item = TypeVar("Item")

_ITEM, _ERROR, _END = range(3)
_GRACE: Final = 2.0
"""Seconds after the limit in which the kernel ends the child. Then the parent does: the work stopped its own timer, or
left a process behind that keeps the pipe open."""


class ChildEndedError(TickfoldError):
    """The child ended before its work: `exit_code` is its own, or the negated number of the signal that ended it."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(f"the child process ended with {exit_code}")
        self.exit_code = exit_code

    @property
    def timed_out(self) -> bool:
        """Whether its time was over."""
        return self.exit_code == -signal.SIGALRM

    @property
    def cause(self) -> str:
        """What ended it, in words."""
        if self.exit_code == -signal.SIGKILL:
            return "ran out of memory"
        if self.exit_code < 0:
            return f"crashed ({signal.Signals(-self.exit_code).name})"
        return f"ended its process with exit code {self.exit_code}"


def isolated(work: Callable[[], Iterable[Item]], seconds: float, *, restarts: bool = False) -> Iterator[Item]:
    """Yield what `work` yields in a child process; it may take `seconds` in all, time of the caller not counted.

    With `restarts`, the work begins them again by `restart_timer`; then the kernel alone watches over them.

    Raises:
        ChildEndedError: its time was over, or it ended before its work.
        Exception: what `work` raised; it must be picklable, as the items must be.
    """
    # A forked child has the bars and the strategy's class already: nothing is sent, and it starts in milliseconds.
    fork = multiprocessing.get_context("fork")  # asked for here, since Windows has none, and a notebook needs none
    receiving, sending = fork.Pipe(duplex=False)
    child = fork.Process(target=_serve, args=(work, receiving, sending, seconds), daemon=True)
    with warnings.catch_warnings():
        # Of a fork beside other threads: those are idle pools of libraries, which the child does not use.
        warnings.simplefilter("ignore", DeprecationWarning)
        child.start()
    sending.close()  # so that the end of the child ends the pipe
    left = None if restarts else seconds + _GRACE
    try:
        while True:
            began = monotonic()
            kind, value = _receive(receiving, child, left)
            left = None if left is None else max(left - (monotonic() - began), 0)
            if kind == _END:
                return
            if kind == _ERROR:
                raise value
            yield value
    finally:
        receiving.close()
        _kill(child)


def restart_timer(seconds: float) -> None:
    """Give the work that calls this, in its child process, so many seconds from now on."""
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _receive(receiving: "Connection[Any, Any]", child: Any, seconds: float | None) -> tuple[int, Any]:
    try:
        if not receiving.poll(seconds):
            raise ChildEndedError(-signal.SIGALRM)
        received: tuple[int, Any] = receiving.recv()
    except (EOFError, OSError):  # at once, or within a message
        child.join()
        raise ChildEndedError(child.exitcode) from None
    return received


def _kill(child: Any) -> None:
    """End the child, and whatever it has started."""
    with suppress(ProcessLookupError, PermissionError):  # it has not yet its own group, or left none behind
        os.killpg(child.pid, signal.SIGKILL)
    child.kill()
    child.join()


def _serve(
    work: Callable[[], Iterable[Any]],
    receiving: "Connection[Any, Any]",
    sending: "Connection[Any, Any]",
    seconds: float,
) -> None:
    os.setpgrp()  # so that the parent can end it with all that it starts
    receiving.close()  # so that the end of the parent ends the pipe
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends this process
    # Without a handler of Python's, which would wait for the end of a call into C: the kernel ends the process itself.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    try:
        for item in _timed(work, seconds):
            sending.send((_ITEM, item))
        sending.send((_END, None))
    except BrokenPipeError:
        pass  # nobody waits for the rest
    except Exception as error:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sending.send((_ERROR, error))


def _timed(work: Callable[[], Iterable[Item]], seconds: float) -> Iterator[Item]:
    """Yield what `work` yields, with the timer running while it works and not while the caller does."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    for item in work():
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        yield item
        signal.setitimer(signal.ITIMER_REAL, left)
    signal.setitimer(signal.ITIMER_REAL, 0)
