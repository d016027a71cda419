"""A Ctrl-C that comes where Python does not look for it."""

import io
import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from tickfold.cli.ctrl_c import kept_interrupts, typed_line


class Answer(io.RawIOBase):
    """Is interrupted while it is finalised."""

    def close(self) -> None:
        if not self.closed:
            super().close()
            signal.raise_signal(signal.SIGINT)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # from Python 3.13 on
def test_interrupt_that_python_drops_ends_the_next_sleep() -> None:
    with kept_interrupts() as sleep:
        sleep(0)
        answer = Answer()
        del answer
        with pytest.raises(KeyboardInterrupt):
            sleep(0)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_interrupts_that_a_shell_ignores_stay_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with kept_interrupts() as sleep:
            signal.raise_signal(signal.SIGINT)
            sleep(0)
    finally:
        assert signal.signal(signal.SIGINT, before) is signal.SIG_IGN


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.FileIO]:
    """What is written here can be read from stdin."""
    inside, outside = os.pipe()
    with os.fdopen(inside) as stdin, os.fdopen(outside, "wb", buffering=0) as typed:
        monkeypatch.setattr("sys.stdin", stdin)
        yield typed


def test_line_is_what_was_typed(keyboard: io.FileIO) -> None:
    keyboard.write(b"cancel\n")
    assert typed_line() == "cancel\n"


def test_interrupt_that_does_not_end_a_read_ends_the_wait_for_a_line(keyboard: io.FileIO) -> None:
    """As one that comes between the last look for it and the read: here it comes to another thread."""

    ended, typed = threading.Event(), threading.Event()

    def press() -> None:
        time.sleep(0.2)
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        if not ended.wait(5):  # a read that goes on would never end
            typed.set()
            keyboard.write(b"too late\n")

    thread = threading.Thread(target=press)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            typed_line()
        assert not typed.is_set()
    finally:
        ended.set()
        thread.join()
