"""A Python for arm64, Lambda's processor, on another one: Debian's packages, run by QEMU."""

import shutil
import subprocess
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from tools.missing_tool import MissingToolError

_RELEASE = "trixie"
_PYTHON = "3.13"
_PACKAGES = (f"python{_PYTHON}-minimal", f"libpython{_PYTHON}-stdlib")
_QEMU = "qemu-aarch64-static"
_MINUTES = 600.0


class Arm64Python:
    """The interpreter under `root`, with the packages that archives were unpacked from."""

    def __init__(self, root: Path, packages: Path) -> None:
        self._root, self._packages = root, packages

    def run(self, arguments: Sequence[str], *, code: Path) -> str:
        """Run Python with `arguments`, importing the code at `code`; return what it prints.

        Raises:
            CalledProcessError: it failed.
        """
        search = f"{code}:{self._packages}"
        command = [_path(_QEMU), "-L", str(self._root), f"{self._root}/usr/bin/python{_PYTHON}", "-S", *arguments]
        done = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, text=True, timeout=_MINUTES, env={"PYTHONPATH": search}
        )
        return done.stdout


def make(folder: Path, layers: Iterable[Path]) -> Arm64Python:
    """Make an interpreter in `folder`, with the packages in the archives `layers`.

    Raises:
        MissingToolError: QEMU, debootstrap or dpkg is missing, or Debian's packages cannot be reached.
    """
    _check_tools()
    root, packages = folder / "root", folder / "packages"
    wanted = ["--foreign", "--arch=arm64", "--variant=minbase", f"--include={','.join(_PACKAGES)}"]
    made = subprocess.run(
        [_path("debootstrap"), *wanted, _RELEASE, str(root)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        raise MissingToolError(f"Debian's packages could not be fetched: {made.stdout.strip().splitlines()[-1]}")
    for package in (root / "var/cache/apt/archives").glob("*.deb"):
        subprocess.run([_path("dpkg-deb"), "--extract", package, root], check=True)
    for layer in layers:
        with zipfile.ZipFile(layer) as archive:
            archive.extractall(packages)
    return Arm64Python(root, packages / "python")


def _check_tools() -> None:
    for tool, name in ((_QEMU, "qemu-user-static"), ("debootstrap", "debootstrap"), ("dpkg-deb", "dpkg")):
        if not shutil.which(tool):
            raise MissingToolError(f"An arm64 Python takes `{tool}`: install Debian's package {name}, as root.")


def _path(tool: str) -> str:
    return shutil.which(tool) or tool
