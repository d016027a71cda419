"""Fetches Keycloak's archive by Maven, once, and checks that it is the pinned one."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from tools.missing_tool import MissingToolError

VERSION = "26.7.3"
SHA256 = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f"
BUILDS = Path(__file__).parents[2] / "build/keycloak"
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"


class FetchError(Exception):
    """Maven failed, with its output as the message; or what it fetched is not the pinned archive."""


def fetch(jdk: Path, builds: Path = BUILDS) -> Path:
    """Return Keycloak's zip archive; fetch it into `builds` if it is not there.

    Raises:
        MissingToolError: there is no Maven.
        FetchError: Maven could not fetch it, or it is not the pinned archive.
    """
    archive = builds / f"keycloak-quarkus-dist-{VERSION}.zip"
    if not archive.exists():
        _copy(jdk, builds)
    with archive.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != SHA256:
        archive.unlink()
        raise FetchError(f"{archive.name} has the SHA-256 {found}; pinned is {SHA256}. It was removed: try again")
    return archive


def _copy(jdk: Path, builds: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise MissingToolError("Keycloak is fetched with Maven; put `mvn` on the PATH")
    ended = subprocess.run(
        [
            maven,
            "--quiet",
            "--batch-mode",
            _COPY,
            f"-Dartifact=org.keycloak:keycloak-quarkus-dist:{VERSION}:zip",
            f"-DoutputDirectory={builds}",
        ],
        env=os.environ | {"JAVA_HOME": str(jdk)},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise FetchError(f"Maven could not fetch Keycloak {VERSION}:\n{ended.stdout}{ended.stderr}")
