"""A terminal, as a command meets it that is started in one."""

import codecs
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

COMMAND = (sys.executable, "-m", "tickfold.cli")
SECONDS = 60
"""What takes longer than this does not come."""


class Terminal:
    """A command on a terminal of its own, and what it has written there."""

    def __init__(self, arguments: tuple[str, ...], columns: int, rows: int, kind: str) -> None:
        self._screen, inside = pty.openpty()
        self.resize(columns, rows)
        # Of its own session, whose controlling terminal it is, so that Ctrl-C reaches it and nobody else.
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            # Of the size that is given: the variables would be of the terminal of those who run the tests.
            env={name: value for name, value in os.environ.items() if name not in ("LINES", "COLUMNS")}
            | {"TERM": kind},
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
            preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),  # noqa: PLW1509 - no threads in the child
        )
        os.close(inside)
        self.written = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()  # a character may come in two pieces

    def resize(self, columns: int, rows: int) -> None:
        termios.tcsetwinsize(self._screen, (rows, columns))

    def shows_keys(self) -> bool:
        """Return whether the terminal shows what is typed, and hands it over by lines: as a shell left it."""
        flags: int = termios.tcgetattr(self._screen)[3]
        return bool(flags & termios.ECHO and flags & termios.ICANON)

    def press(self, keys: bytes) -> None:
        os.write(self._screen, keys)

    def read_until(self, text: str) -> None:
        deadline = time.monotonic() + SECONDS
        while text not in self.written:
            assert self._read(deadline - time.monotonic()), self.written[-500:]

    def interrupt_until(self, text: str) -> None:
        """Press Ctrl-C until `text` is written.

        Python sees one that comes between readline's prompt and its wait for a key with the next key only.
        """
        deadline = time.monotonic() + SECONDS
        while text not in self.written:
            self.press(b"\x03")
            while text not in self.written and self._read(1):
                pass
            assert time.monotonic() < deadline, self.written[-500:]

    def end(self) -> int:
        """Read what is left, and return the exit status."""
        while self._read(SECONDS):
            pass
        return self.process.wait(SECONDS)

    def close(self) -> None:
        self.process.kill()
        self.process.wait(SECONDS)
        os.close(self._screen)

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._screen], [], [], max(0, seconds))
        try:
            piece = os.read(self._screen, 65_536) if ready else b""
        except OSError:  # how Linux says that the other side is closed
            piece = b""
        self.written += self._decoder.decode(piece)
        return bool(piece)


@contextmanager
def terminal(*arguments: str, columns: int = 200, rows: int = 40, kind: str = "xterm") -> Iterator[Terminal]:
    """Start `tickfold` with `arguments` on a terminal of a `kind`, as TERM names it."""
    opened = Terminal(arguments, columns, rows, kind)
    try:
        yield opened
    finally:
        opened.close()
