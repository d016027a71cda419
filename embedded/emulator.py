"""The emulator process: MiniStack, an AWS emulator, on the loopback interface."""

import operator
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from embedded.account import REGION
from embedded.kept.directory import KeptDirectory
from embedded.kept.last_deployment import RESOURCES
from embedded.kept.store import FAILURE

HOST = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 10.0
SAVE_SECONDS = 5.0
_POLL_SECONDS = 0.05
_TEMPORARY = "tmp"

_INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "SYSTEMROOT")


class EmulatorError(Exception):
    """The emulator could not be started or has exited. The message gives the reason and what to do."""


class Emulator:
    """An emulator process. Its state is in a temporary directory, which is removed when it stops.

    With `kept`, a locked directory, objects and items are those of its file, and are written there.
    """

    def __init__(self, port: int = 0, kept: KeptDirectory | None = None, *, preferred: int = 0) -> None:
        """Reserve a port; 0 takes a free one: `preferred`, if that is free.

        Raises:
            EmulatorError: the port is in use.
        """
        self.port = _reserve(port) if port else _reserve_any(preferred)
        self._kept = kept
        self.endpoint_url = f"http://{HOST}:{self.port}"
        self.directory = Path(tempfile.gettempdir(), f"tickfold-{secrets.token_hex(6)}")
        self.log_file = self.directory / "emulator.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process and wait until it responds.

        Raises:
            EmulatorError: it exited, or did not respond in time.
        """
        self.make_directory()
        self.launch()
        self.wait_until_ready()

    def make_directory(self) -> None:
        """Make the directory, before the process is launched."""
        self.directory.mkdir(mode=0o700)
        (self.directory / _TEMPORARY).mkdir()
        (self.directory / RESOURCES).parent.mkdir()

    def launch(self) -> None:
        """Start the process, which restores the resources that are in its directory."""
        kept, lock = ([str(self._kept.file)], self._kept.lock_descriptor) if self._kept else ([], None)
        with self.log_file.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "embedded.watchdog", str(self.directory), *kept],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=Path(__file__).parent.parent,
                env=self._environment(),
                start_new_session=True,
                pass_fds=() if lock is None else (lock,),
            )

    def _environment(self) -> dict[str, str]:
        """Return only what the emulator needs: no AWS profile, proxy or emulator setting of the user."""
        temporary = self.directory / _TEMPORARY
        return {name: os.environ[name] for name in _INHERITED if name in os.environ} | {
            "AUTH": "true",
            "BIND_HOST": HOST,
            # No Docker daemon: the emulator would search it for its own containers to remove.
            "DOCKER_HOST": f"unix://{temporary}/no-docker.sock",
            "GATEWAY_PORT": str(self.port),
            "HOME": str(temporary),
            "IOT_MTLS_ENABLED": "0",
            "LAMBDA_STATE_TRANSITION_SECONDS": "0",
            "MINISTACK_REGION": REGION,
            "S3_DATA_DIR": str(temporary / "s3"),
            "SFN_WAIT_SCALE": "0.1",  # shorten the waits before retries
            "SFTP_ENABLED": "0",
            "STATE_DIR": str((self.directory / RESOURCES).parent),
            "TMPDIR": str(temporary),
            "TZ": "UTC",
        }

    def wait_until_ready(self) -> None:
        """Wait until the process responds.

        Raises:
            EmulatorError: it exited, or did not respond in time.
        """
        wait_for_response(self.endpoint_url, lambda: self.check(" while starting"))

    def check(self, when: str = "") -> None:
        """Check that the process still runs.

        Raises:
            EmulatorError: it has exited: with the last lines of the log, or why data could not be kept.
        """
        if self._process is None or self._process.poll() is not None:
            raise EmulatorError(self.failure or f"the emulator exited{when}; its last output:\n{self.log_tail()}")

    def save_resources(self) -> bool:
        """Let the process write its resources into the directory; return whether it could.

        Raises:
            EmulatorError: it has exited.
        """
        if self._process is None or self._process.stdin is None:
            return False
        file = self.directory / RESOURCES
        with suppress(OSError):  # it has exited, which `check` tells
            self._process.stdin.write(b"save\n")
            self._process.stdin.flush()
        deadline = time.monotonic() + SAVE_SECONDS
        while not file.exists() and time.monotonic() < deadline:
            self.check()
            time.sleep(_POLL_SECONDS)
        return file.exists() and file.stat().st_size > 0

    @property
    def failure(self) -> str | None:
        """Why the emulator ended, if it could not keep data."""
        try:
            return (self.directory / FAILURE).read_text()
        except OSError:
            return None

    def log_tail(self, lines: int = 15) -> str:
        """Return the last lines of the log."""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])

    def stop(self) -> None:
        """Kill the process and its workers, and remove its directory. Idempotent, and never an error.

        Nothing is asked of the emulator, which may be busy for longer than anybody waits: what is kept is on disk.
        """
        if self._process is not None and self._process.stdin is not None:
            with suppress(ProcessLookupError, PermissionError):  # macOS denies to signal a group that has ended
                os.killpg(self._process.pid, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):  # the kernel still holds it, in a call that cannot be interrupted
                self._process.wait(STOP_SECONDS)
            with suppress(OSError):
                self._process.stdin.close()
            self._process = None
        shutil.rmtree(self.directory, ignore_errors=True)


def wait_for_response(endpoint_url: str, check: Callable[[], None] = lambda: None) -> None:
    """Wait until an emulator responds at `endpoint_url`, calling `check` meanwhile.

    Raises:
        EmulatorError: it did not respond in time.
    """

    def is_ready() -> bool:
        check()
        return responds(endpoint_url)

    polling = Retrying(
        retry=retry_if_result(operator.not_),
        stop=stop_after_delay(START_SECONDS),
        wait=wait_fixed(_POLL_SECONDS),
    )
    try:
        polling(is_ready)
    except RetryError:
        reason = f"the emulator did not respond at {endpoint_url} within {START_SECONDS:.0f} s"
        raise EmulatorError(reason) from None


def responds(endpoint_url: str) -> bool:
    """Return whether an emulator responds at `endpoint_url`."""
    address = urlsplit(endpoint_url)
    connection = HTTPConnection(address.hostname or HOST, address.port, timeout=2)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _reserve_any(preferred: int) -> int:
    """Return `preferred` if it is free, else any free port."""
    with suppress(EmulatorError):
        return _reserve(preferred)
    return _reserve(0)


def _reserve(port: int) -> int:
    """Return `port` if it is free; for 0, any free port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise EmulatorError(
                f"port {port} of {HOST} cannot be used ({error.strerror}): stop the process that "
                "listens on it, or choose another port, or 0 for a free one"
            ) from error
        return int(probe.getsockname()[1])
