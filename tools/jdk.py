"""Finds the JDK that a program of others is compiled and run with."""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.missing_tool import MissingToolError

PLACES = (
    "/usr/lib/jvm/*",
    "/opt/*jdk*",
    "/opt/java/*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
    str(Path.home() / ".sdkman/candidates/java/*"),
)
"""Where installers put JDKs."""
_VERSION = re.compile(r'^JAVA_VERSION="(\d+)', re.MULTILINE)


def find_jdk(program: str, oldest: int, places: Sequence[str] = PLACES) -> Path:
    """Return the home of a JDK of version `oldest` or later: `JAVA_HOME`, else the newest on the PATH or in `places`.

    Raises:
        MissingToolError: there is none.
    """
    found = {home: version for home in _candidates(places) if (version := _version(home)) >= oldest}
    if "JAVA_HOME" in os.environ and (given := Path(os.environ["JAVA_HOME"])) in found:
        return given
    if not found:
        raise MissingToolError(f"{program} needs a JDK {oldest} or later; none was found. Set JAVA_HOME to one")
    return max(found, key=lambda home: found[home])


def _candidates(places: Sequence[str]) -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home)
    if compiler := shutil.which("javac"):
        yield Path(compiler).resolve().parents[1]
    for place in places:
        root = Path(place).anchor
        yield from Path(root).glob(place.removeprefix(root))


def _version(home: Path) -> int:
    """Return the major version of the JDK in `home`; 0 if there is none."""
    if not (home / "bin/javac").exists():
        return 0
    try:
        found = _VERSION.search((home / "release").read_text())
    except OSError:
        return 0
    return int(found[1]) if found else 0
