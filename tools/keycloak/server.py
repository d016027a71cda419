"""A running Keycloak on loopback, with the realms that it is given."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

from tools.keycloak.distribution import VERSION

HOST = "127.0.0.1"
ADMIN = "admin"
START_SECONDS = 180.0
"""The first start takes 20 s on two idle cores, as Keycloak then builds itself."""
STOP_SECONDS = 15.0
_POLL_SECONDS = 0.1
# The shell ends Keycloak when its input ends, so with the process that started it, however that ends; and ends with it.
_SUPERVISED = '("$@" </dev/null; kill $$) & read -r _; kill 0; wait'


class KeycloakError(Exception):
    """Keycloak did not start. The message has the end of its log."""


class Keycloak:
    """Keycloak in its development mode, for the duration of a `with` block. It can be stopped and started again.

    Its files are in a temporary directory, which goes with the block. `admin_password` is that of the user ADMIN.
    """

    def __init__(self, archive: Path, jdk: Path, realms: Sequence[Path]) -> None:
        """Set the archive, the JDK to run it with, and the JSON files of the realms, in Keycloak's own format."""
        self._archive = archive
        self._jdk = jdk
        self._realms = realms
        self._process: subprocess.Popen[bytes] | None = None
        self.admin_password = secrets.token_urlsafe(16)
        self.port = _free_port()
        self.url = f"http://{HOST}:{self.port}"

    def __enter__(self) -> Self:
        """Unpack and start it.

        Raises:
            KeycloakError: it did not start.
        """
        self._directory = Path(tempfile.mkdtemp(prefix="tickfold-keycloak-"))
        try:
            self._unpack()
            self.start()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    def start(self) -> None:
        """Start it, with the state that it had; wait until it answers.

        Raises:
            KeycloakError: it ended, or did not answer in time.
        """
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _SUPERVISED, "sh", "/bin/bash", self._home / "bin/kc.sh", *self._arguments()],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment(),
                start_new_session=True,
            )
        self._wait_until_ready(self._process)

    def stop(self) -> None:
        """End the process; its port then refuses connections. Idempotent."""
        if (process := self._process) is None:
            return
        self._process = None
        if process.stdin is not None:
            process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    @property
    def _home(self) -> Path:
        return self._directory / f"keycloak-{VERSION}"

    @property
    def _log(self) -> Path:
        return self._directory / "log"

    def _unpack(self) -> None:
        with zipfile.ZipFile(self._archive) as archive:
            archive.extractall(self._directory)
        imports = self._home / "data/import"
        imports.mkdir(parents=True)
        for realm in self._realms:
            shutil.copy(realm, imports)

    def _arguments(self) -> list[str]:
        return [
            "start-dev",
            "--import-realm",  # but for those that are there already
            f"--http-host={HOST}",
            f"--http-port={self.port}",
            "--cache=local",
        ]

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self._directory),
            "JAVA_HOME": str(self._jdk),
            "KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN,
            "KC_BOOTSTRAP_ADMIN_PASSWORD": self.admin_password,
        }

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if process.poll() is not None or time.monotonic() > deadline:
                how = "ended" if process.poll() is not None else f"did not answer within {START_SECONDS:.0f} s"
                raise KeycloakError(f"Keycloak {how}; its last output:\n{self._log.read_text()[-4_000:]}")
            time.sleep(_POLL_SECONDS)

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/realms/master", timeout=2) as answer:  # noqa: S310 - loopback
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def _remove(self) -> None:
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
