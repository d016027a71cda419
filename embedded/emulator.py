"""Starts MiniStack, an emulator of AWS, as a process of its own on the loopback interface, and ends it again."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from embedded.cloud import REGION

HOST = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 10.0

_INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "SYSTEMROOT")


class EmulatorError(Exception):
    """The emulator could not be started; the message says why and what to do."""


class Emulator:
    """One emulator process. It keeps nothing: its state lives in a directory that is removed when it stops."""

    def __init__(self, port: int = 0) -> None:
        """Choose the address. `port` 0 takes a free one.

        Raises:
            EmulatorError: the port is taken.
        """
        self.port = _claim(port)
        self.endpoint_url = f"http://{HOST}:{self.port}"
        self.directory = Path(tempfile.gettempdir(), f"tickfold-{secrets.token_hex(6)}")
        self.log_file = self.directory / "emulator.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            EmulatorError: it ended, or did not answer in time.
        """
        temporary = self.directory / "tmp"
        self.directory.mkdir(mode=0o700)
        temporary.mkdir()
        with self.log_file.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "embedded.leash", str(self.directory)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=Path(__file__).parent.parent,
                env=self._environment(temporary),
                start_new_session=True,
            )
        self._wait_until_ready(self._process)

    def _environment(self, temporary: Path) -> dict[str, str]:
        """Only what it needs, so that no AWS profile, proxy or emulator setting of the user leaks in."""
        return {name: os.environ[name] for name in _INHERITED if name in os.environ} | {
            "AUTH": "true",
            "BIND_HOST": HOST,
            # No daemon: the emulator would otherwise look for containers of its own to remove.
            "DOCKER_HOST": f"unix://{temporary}/no-docker.sock",
            "GATEWAY_PORT": str(self.port),
            "HOME": str(temporary),
            "IOT_MTLS_ENABLED": "0",
            "LAMBDA_STATE_TRANSITION_SECONDS": "0",
            "MINISTACK_REGION": REGION,
            "PYTHONDONTWRITEBYTECODE": "1",
            "S3_DATA_DIR": str(temporary / "s3"),
            "SFN_WAIT_SCALE": "0.1",  # retries wait a tenth as long
            "SFTP_ENABLED": "0",
            "STATE_DIR": str(temporary / "state"),
            "TMPDIR": str(temporary),
            "TZ": "UTC",
        }

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not answers(self.endpoint_url):
            if process.poll() is not None:
                raise EmulatorError(f"the emulator ended while starting; its last words:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise EmulatorError(f"the emulator did not answer at {self.endpoint_url} in {START_SECONDS:.0f} s")
            time.sleep(0.05)

    def wait(self) -> None:
        """Wait as long as it runs.

        Raises:
            EmulatorError: it has ended by itself.
        """
        if self._process is not None:
            self._process.wait()
            raise EmulatorError(f"the emulator has ended by itself; its last words:\n{self.log_tail()}")

    def log_tail(self, lines: int = 15) -> str:
        """Return the last lines of its log."""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])

    def stop(self) -> None:
        """End it with every worker it started, and remove its directory. To stop twice is harmless."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            with suppress(subprocess.TimeoutExpired):  # a busy machine; it is killed below
                self._process.wait(STOP_SECONDS)
            with suppress(ProcessLookupError):  # its workers outlive it when it was killed
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
        shutil.rmtree(self.directory, ignore_errors=True)


def answers(endpoint_url: str) -> bool:
    """Tell whether an emulator answers there."""
    address = urlsplit(endpoint_url)
    connection = HTTPConnection(address.hostname or HOST, address.port, timeout=2)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _claim(port: int) -> int:
    """Return `port` if nobody listens there, or a free one for 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise EmulatorError(
                f"port {port} of {HOST} cannot be used ({error.strerror}): stop what listens there, "
                "or choose another port, or 0 for a free one"
            ) from error
        return int(probe.getsockname()[1])
