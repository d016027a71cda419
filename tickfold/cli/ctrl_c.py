"""Ctrl-C where Python by itself loses it, or sees it only with the next key."""

import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


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


def typed_line() -> str:
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
