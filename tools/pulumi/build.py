"""Finds the Pulumi CLI on the PATH, or builds it from its Go module, which go.sum pins."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

from tools.missing_tool import MissingToolError

SOURCES = Path(__file__).parent
BUILDS = SOURCES.parents[1] / "build/pulumi"
_MODULE = "github.com/pulumi/pulumi"
_PINNED = re.compile(rf"{_MODULE}/pkg/v3 (v[\w.]+)")


class BuildError(Exception):
    """Go could not build the CLI. The message has its output."""


def find_cli(builds: Path = BUILDS) -> Path:
    """Return the `pulumi` executable: that of the PATH, else one built below `builds`, which takes minutes once.

    Raises:
        MissingToolError: there is neither `pulumi` nor `go`.
        BuildError: it cannot be built.
    """
    if found := shutil.which("pulumi"):
        return Path(found)
    go = shutil.which("go")
    if go is None:
        raise MissingToolError("Put `pulumi` on the PATH; or `go`, to build it")
    executable = builds / _key() / "bin/pulumi"
    if not executable.exists():
        _build(go, executable)
    return executable


def _key() -> str:
    return hashlib.sha256((SOURCES / "go.sum").read_bytes()).hexdigest()[:16]


def _build(go: str, executable: Path) -> None:
    version = _PINNED.search((SOURCES / "go.mod").read_text())
    if version is None:
        raise BuildError(f"{SOURCES / 'go.mod'} does not require {_MODULE}/pkg/v3")
    unfinished = executable.with_suffix(".unfinished")
    ended = subprocess.run(
        [
            go,
            "build",
            "-mod=readonly",
            # The Automation API asks the CLI for its version, which it only has if it is told.
            f"-ldflags=-s -w -X {_MODULE}/sdk/v3/go/common/version.Version={version[1]}",
            f"-o={unfinished}",
            f"{_MODULE}/pkg/v3/cmd/pulumi",
        ],
        cwd=SOURCES,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise BuildError(f"Go could not build Pulumi {version[1]}:\n{ended.stderr}")
    unfinished.rename(executable)
