"""Deployment of a source tree's Pulumi program to the emulator.

The program runs in a process of its own, `embedded.program`, in the tree's directory, so that a modified copy deploys
its own components.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from embedded.cloud import Cloud

RESULT = "deployment.json"

_INHERITED = ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PYTHONPATH", "SYSTEMROOT", "TMPDIR", "TZ")
"""What the program may depend on: no AWS or Pulumi setting of the user, and nothing that terminals differ in."""


class DeploymentError(Exception):
    """The program could not be deployed. The message gives the reason."""


def environment() -> dict[str, str]:
    """Return the environment that the program runs in."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


@dataclass(frozen=True)
class Deployment:
    """The stack's outputs, how many resources it has, and how many of them were created or changed."""

    outputs: dict[str, str]
    resources: int
    changed: int

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Return the deployment that the program has left in `directory`."""
        return cls(**json.loads((directory / RESULT).read_text()))


class DeploymentProcess:
    """The process that deploys the program at `root` to `cloud`, for the duration of a `with` block.

    It may begin before the emulator responds: importing the program takes as long as the emulator's start. Its output
    goes to deployment.log in `directory`. `settings` override the stack's configuration, such as the issuer's URL. A
    second deployment with the same directory changes what the first has made.
    """

    def __init__(self, root: Path, cloud: Cloud, directory: Path, settings: Mapping[str, str]) -> None:
        self._root, self._directory = root, directory
        self._result, self._log = directory / RESULT, directory / "deployment.log"
        self._result.unlink(missing_ok=True)
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "embedded.program", cloud.endpoint_url, str(self._result), json.dumps(settings)],
                cwd=root,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    def result(self) -> Deployment:
        """Wait until the program is deployed.

        Raises:
            DeploymentError: the program failed, or uses a resource that the embedded stack does not support.
        """
        if self._process.wait() == 0:
            return Deployment.read(self._directory)
        if self._result.exists():
            reason = json.loads(self._result.read_text())["error"]
        else:
            reason = self._log.read_text(errors="replace")[-2000:]
        raise DeploymentError(f"the program in {self._root} could not be deployed: {reason}")
