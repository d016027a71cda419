"""The terminal while it shows the screen: drawn where something has changed, moved by keys, left as it was."""

import asyncio
import codecs
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tickfold.cli.console import stdout
from tickfold.cli.top.controls import Controls, keys_in
from tickfold.cli.top.screen import Link, frame
from tickfold.cli.top.state import TopState

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

    from tickfold.cli.top.source import Source
    from tickfold.client import Client

_LONGEST: Final = 1.0
"""Seconds between two drawings: ages and the time go on."""
_SHORTEST: Final = 0.1
_RESUMED_SHOWN: Final = 15.0
"""Seconds for which it is told that the connection is back."""
_BYTES: Final = 1_024


class _KeyMode:
    """The mode of a terminal in which each key comes as it is pressed, and is not shown."""

    def __init__(self, file: int) -> None:
        import termios  # noqa: PLC0415 - not every system has it

        self._file = file
        self._before = termios.tcgetattr(file)

    def enter(self) -> None:
        import tty  # noqa: PLC0415

        tty.setcbreak(self._file)

    def leave(self) -> None:
        import termios  # noqa: PLC0415

        termios.tcsetattr(self._file, termios.TCSAFLUSH, self._before)


class LiveScreen:
    """Draws the state until `q` is pressed."""

    def __init__(self, state: TopState) -> None:
        self._state = state
        self._shown = state.snapshot()
        self._controls = Controls()
        self._changed = asyncio.Event()
        self._resumed_at: float | None = None
        self._mode = _KeyMode(sys.stdin.fileno()) if sys.stdin.isatty() else None
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")

    def note_changed(self) -> None:
        """Draw soon."""
        self._changed.set()

    def note_connection(self, connected: bool) -> None:
        """Show that the connection is lost, or back."""
        self._resumed_at = self._now() if connected else None
        self._changed.set()

    async def run(self, client: "Client", source: "Source") -> None:
        """Draw until the user quits."""
        from rich.live import Live  # noqa: PLC0415 - slow to load

        live = Live(console=stdout(), screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
        with self._keys(), live, self._signals(live):
            while not self._controls.has_quit:
                live.update(self._drawn(client, source), refresh=True)
                await asyncio.sleep(_SHORTEST)
                await self._until_changed()

    async def _until_changed(self) -> None:
        try:
            async with asyncio.timeout(_LONGEST):
                await self._changed.wait()
        except TimeoutError:
            pass
        self._changed.clear()

    def _drawn(self, client: "Client", source: "Source") -> "RenderableType":
        from rich.console import Group  # noqa: PLC0415 - slow to load

        if not self._controls.is_paused:
            self._shown = self._state.snapshot()
        is_recent = self._resumed_at is not None and self._now() - self._resumed_at < _RESUMED_SHOWN
        link = Link(client.connection, source.behind if is_recent else None)
        width, height = stdout().size
        return Group(*frame(self._shown, link, self._controls, width, height))

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    # --- keys and signals --------------------------------------------------------------------------------------------

    @contextmanager
    def _keys(self) -> Iterator[None]:
        """Take each key as it is pressed; none where stdin is no terminal."""
        if self._mode is None:
            yield
            return
        loop = asyncio.get_running_loop()
        self._mode.enter()
        loop.add_reader(sys.stdin.fileno(), self._read_keys)
        try:
            yield
        finally:
            loop.remove_reader(sys.stdin.fileno())
            self._mode.leave()

    def _read_keys(self) -> None:
        for key in keys_in(self._decoder.decode(os.read(sys.stdin.fileno(), _BYTES))):
            self._controls.press(key)
        self._changed.set()

    @contextmanager
    def _signals(self, live: "Live") -> Iterator[None]:
        """Draw again when the window is resized; on Ctrl-Z give the terminal back until the shell goes on with it."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGWINCH, self._changed.set)
        loop.add_signal_handler(signal.SIGTSTP, self._suspend, live)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGTSTP)
            loop.remove_signal_handler(signal.SIGWINCH)

    def _suspend(self, live: "Live") -> None:
        live.stop()
        if self._mode:
            self._mode.leave()
        os.kill(os.getpid(), signal.SIGSTOP)
        if self._mode:
            self._mode.enter()
        live.start()
        self._changed.set()
