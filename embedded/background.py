"""`tickfold up --detach` and `tickfold down`: a stack that runs without a terminal."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from embedded import process, record
from tickfold.state_directory import state_directory

START_SECONDS = 120.0
STOP_SECONDS = 20.0
_POLL_SECONDS = 0.05


class BackgroundError(Exception):
    """The stack did not start in the background, or did not stop. The message gives the reason."""


def start(arguments: Sequence[str], log: Callable[[str], None]) -> record.Record:
    """Run `tickfold up` with `arguments` in a session of its own, and return its record once it can be used.

    Raises:
        BackgroundError: it ended, or could not be used in time. It is stopped then.
    """
    output = state_directory() / "up.log"
    output.parent.mkdir(parents=True, exist_ok=True)
    log(f"starting in the background; its output is in {output}")
    with output.open("wb") as written:
        started = subprocess.Popen(
            [sys.executable, "-m", "tickfold.cli", "up", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return _wait_until_recorded(started, output)


def _wait_until_recorded(started: subprocess.Popen[bytes], output: Path) -> record.Record:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if (found := record.read()) and found.pid == started.pid:
            return found
        if started.poll() is not None:
            raise BackgroundError(_last_line(output) or f"it ended with exit code {started.returncode}")
        time.sleep(_POLL_SECONDS)
    started.kill()
    started.wait()
    raise BackgroundError(f"the stack could not be used within {START_SECONDS:.0f} s; see {output}")


def _last_line(output: Path) -> str:
    lines = output.read_text(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("tickfold: ") if lines else ""


def stop() -> record.Record | None:
    """Stop the running stack, which is killed if it takes too long; return its record, or None if none was running.

    Nothing is lost by killing it: what it has answered is kept.

    Raises:
        BackgroundError: it belongs to another user.
    """
    running = record.read()
    if running is None:
        return None
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(running.pid, number)
        except ProcessLookupError:
            break
        except PermissionError:
            raise BackgroundError(f"process {running.pid} is another user's, who must stop it") from None
        if _ended(running):
            break
    record.read()  # removes the record of a stack that was killed
    return running


def _ended(running: record.Record) -> bool:
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        if not process.is_alive(running.pid):
            return True
        time.sleep(_POLL_SECONDS)
    return False
