"""A copy of the checkout, in which the tests of a folder are run with one of its files mutated."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path

from tools.mutants.mutant import ROOT, Mutant

# The tests of this folder start the emulator; elsewhere, the tests that need it are left out.
NEEDS_STACK = "embedded"


class Checkout:
    """A copy of the checkout in which one mutant at a time is tested."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._running: subprocess.Popen[bytes] | None = None
        for name in _git_files():
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)

    def run(self, folder: Path, *, mutant: Mutant | None = None, timeout: float | None = None) -> int | None:
        """Run the tests of `folder` and return pytest's exit code; None after `timeout` seconds."""
        if mutant is None:
            return self._pytest(_tests_of(folder), timeout)
        file = self.directory / mutant.path
        original = file.read_text()
        try:
            _write(file, mutant.source)
            return self._pytest(_tests_of(folder, nearest_to=mutant.path), timeout)
        finally:
            _write(file, original)

    def _pytest(self, tests: Sequence[str], timeout: float | None) -> int | None:
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--hypothesis-profile=mutants"]
        if not tests[0].startswith(f"tests/{NEEDS_STACK}"):
            command.append("--without-stack")
        environment = os.environ | {"PYTHONPATH": str(self.directory)}
        process = subprocess.Popen(
            [*command, *tests],
            cwd=self.directory,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._running = process
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        finally:
            self.end()

    def end(self) -> None:
        """End pytest, politely first so that its fixtures stop what they started, and what is left of its session."""
        if not (process := self._running):
            return
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _write(file: Path, source: str) -> None:
    """Write the source without its compiled form, which Python takes for current when time and size are the same."""
    file.write_text(source)
    Path(cache_from_source(str(file))).unlink(missing_ok=True)


def _git_files() -> list[str]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return [name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def _tests_of(folder: Path, nearest_to: Path | None = None) -> list[str]:
    """Return the test files of `folder`, those nearest to a mutated file first, for they are likely to fail."""
    files = sorted((ROOT / "tests" / folder.name).rglob("test_*.py"))
    if nearest_to:
        files.sort(
            key=lambda file: (file.name != f"test_{nearest_to.name}", file.parent.name != nearest_to.parent.name)
        )
    return [str(file.relative_to(ROOT)) for file in files]
