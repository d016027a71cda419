"""Builds the program that runs Trino. It is built again only when its sources or the JDK change."""

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.jdk import find_jdk
from tools.missing_tool import MissingToolError

SOURCES = Path(__file__).parent
OLDEST_JDK = 25
BUILDS = SOURCES.parents[1] / "build/trino"


class BuildError(Exception):
    """Maven failed. The message has its output."""


@dataclass(frozen=True)
class Program:
    """The compiled program: the `java` to run it with, and its class path."""

    java: Path
    class_path: str


def build(builds: Path = BUILDS) -> Program:
    """Return the program; compile it below `builds` if it is not there.

    Raises:
        MissingToolError: there is no JDK that is new enough, or no Maven.
        BuildError: Maven could not resolve Trino, or the program does not compile.
    """
    jdk = find_jdk("Trino", OLDEST_JDK)
    directory = builds / _key(jdk)
    class_path = directory / "class-path"
    if not _is_complete(class_path):
        shutil.rmtree(directory, ignore_errors=True)
        _compile(jdk, directory, class_path)
    return Program(jdk / "bin/java", f"{directory / 'classes'}{os.pathsep}{class_path.read_text()}")


def _key(jdk: Path) -> str:
    digest = hashlib.sha256((jdk / "release").read_bytes())
    for source in sorted([SOURCES / "pom.xml", *SOURCES.rglob("*.java")]):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _is_complete(class_path: Path) -> bool:
    """Return whether there is a build whose libraries are still in Maven's repository on this machine."""
    return class_path.exists() and all(Path(jar).exists() for jar in class_path.read_text().split(os.pathsep))


def _compile(jdk: Path, directory: Path, class_path: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise MissingToolError("Trino is built with Maven; put `mvn` on the PATH")
    unfinished = class_path.with_suffix(".unfinished")
    ended = subprocess.run(
        [
            maven,
            "--quiet",
            "--batch-mode",
            f"--file={SOURCES / 'pom.xml'}",
            f"-Dtarget={directory}",
            f"-Dmdep.outputFile={unfinished}",
            "compile",
            "dependency:build-classpath",
        ],
        env=os.environ | {"JAVA_HOME": str(jdk)},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise BuildError(f"Maven could not build {SOURCES}:\n{ended.stdout}{ended.stderr}")
    unfinished.rename(class_path)
