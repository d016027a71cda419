"""Sampled mutation testing: is a random change of a folder's code noticed by that folder's own tests?

mutmut makes the mutants; each sampled one is written into a copy of the checkout, and pytest runs there.
"""

import argparse
import difflib
import os
import queue
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import cache_from_source
from pathlib import Path

import libcst as cst
from mutmut.mutation.file_mutation import Mutation, MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import get_ignored_lines

ROOT = Path(__file__).resolve().parents[1]
THRESHOLD = 0.9
SAMPLE = 30
WORKERS = 2
MEMORY = 6 * 2**30  # bytes of data a test process may have: a mutant can loop forever and allocate

# The tests of this folder start the emulator; elsewhere, the tests that need it are left out.
NEEDS_STACK = "embedded"

PASSED, NO_TESTS = 0, 5


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    path: Path
    line: int
    change: str
    source: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.path}:{self.line}\n{self.change}"


@dataclass(frozen=True)
class Tally:
    """What became of the mutants of one folder."""

    folder: Path
    mutants: int
    survivors: list[Mutant]

    @property
    def killed(self) -> int:
        return self.mutants - len(self.survivors)

    @property
    def too_few_killed(self) -> bool:
        return self.killed < THRESHOLD * self.mutants


class _Visitor(MutationVisitor):
    """mutmut's visitor, which also enters decorated functions and leaves `strict=True` of zip alone.

    mutmut leaves decorated functions out because it runs all mutants of a function in one process, behind a trampoline.
    """

    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef):
            return False
        return _is_strict(node) or super()._skip_node_and_children(node)


def mutants_of(folder: Path, sample: int, seed: int) -> list[Mutant]:
    """Return up to `sample` random mutants of the files in `folder`, the same ones for the same code and seed."""
    paths = sorted(path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts)
    candidates = [(path, module, mutation) for path in paths for module, mutation in _mutations(path)]
    random.Random(f"{seed} {folder}").shuffle(candidates)  # noqa: S311 - not cryptography
    made = (_mutant(path, module, mutation) for path, module, mutation in candidates)
    return [mutant for mutant, _ in zip((mutant for mutant in made if mutant), range(sample), strict=False)]


def _mutations(path: Path) -> list[tuple[cst.Module, Mutation]]:
    source = path.read_text()
    wrapper = cst.MetadataWrapper(cst.parse_module(source))
    visitor = _Visitor(mutation_operators, get_ignored_lines(str(path), source, wrapper))
    wrapper.visit(visitor)
    return [(wrapper.module, mutation) for mutation in visitor.mutations if _is_wanted(mutation)]


def _is_wanted(mutation: Mutation) -> bool:
    """Leave out what tests do not look at (prose, case), settings (the constants of a module), and broken imports.

    mutmut names the statement of a class that holds the change; None is a statement of the module.
    """
    original, mutated = mutation.original_node, mutation.mutated_node
    if isinstance(original, cst.SimpleString) and isinstance(mutated, cst.SimpleString):
        return not _is_prose(original) and original.value.lower() != mutated.value.lower()
    if isinstance(original, cst.Call) and isinstance(mutated, cst.Call):
        kept = set(map(id, mutated.args))
        if any(_is_prose(each.value) or _is_strict(each) for each in original.args if id(each) not in kept):
            return False
    if isinstance(mutation.contained_by_top_level_function, cst.FunctionDef):
        return True
    in_class = mutation.contained_by_top_level_function is not None
    return in_class and isinstance(original, cst.BaseNumber | cst.Name)


def _is_prose(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.ConcatenatedString | cst.FormattedString):
        return True
    return isinstance(node, cst.SimpleString) and " " in node.value


def _is_strict(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Arg) and node.keyword is not None and node.keyword.value == "strict"


def _mutant(path: Path, module: cst.Module, mutation: Mutation) -> Mutant | None:
    """Return the mutant, or None where the change makes no difference to the program or no program at all."""
    changed = cst.ensure_type(module.deep_replace(mutation.original_node, mutation.mutated_node), cst.Module)
    before, after = module.code, changed.code
    try:
        if compile(before, "", "exec", optimize=2) == compile(after, "", "exec", optimize=2):
            return None
    except SyntaxError:
        return None
    diff = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    line = int(diff[0].split()[1].lstrip("-").split(",")[0])
    change = "\n".join(f"    {each[0]} {each[1:].strip()}" for each in diff if each[0] in "-+")
    return Mutant(path.relative_to(ROOT), line, change, after)


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
    """Return what pytest runs for `folder`: the tests nearest to a mutated file first, for they are likely to fail."""
    tests = Path("tests") / folder.name
    if nearest_to is None:
        return [str(tests)]
    below = nearest_to.relative_to(folder)
    nearest = [tests / below.parent / f"test_{below.name}", tests / below.parent]
    return [str(path) for path in [*nearest, tests] if (ROOT / path).exists()]


def folders() -> list[Path]:
    """Return the folders that have tests of their own."""
    inside = sorted(path.parent for path in (ROOT / "tickfold").glob("*/__init__.py"))
    found = [path.relative_to(ROOT) for path in [*inside, *(ROOT / n for n in ("functions", "components", "embedded"))]]
    return [folder for folder in found if (ROOT / "tests" / folder.name).is_dir()]


class Campaign:
    """Tests mutants, as many at a time as there are copies of the checkout."""

    def __init__(self, copies: Sequence[Checkout]) -> None:
        self._copies = copies
        self._free: queue.SimpleQueue[Checkout] = queue.SimpleQueue()
        for copy in copies:
            self._free.put(copy)
        self._pool = ThreadPoolExecutor(len(copies))

    def test(self, folder: Path, sample: int, seed: int) -> Tally:
        """Test random mutants of one folder."""
        mutants = mutants_of(folder, sample, seed)
        timeout = self._seconds_unchanged(folder) * 3 + 20
        running = {self._pool.submit(self._run, folder, mutant, timeout): mutant for mutant in mutants}
        survivors = []
        for done in as_completed(running):
            if done.result() == PASSED:
                survivors.append(running[done])
                print(running[done], flush=True)
        return Tally(folder, len(mutants), sorted(survivors, key=lambda mutant: (mutant.path, mutant.line)))

    def end(self) -> None:
        """End the tests that are running, and start no others."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for copy in self._copies:
            copy.end()
        self._pool.shutdown()

    def _seconds_unchanged(self, folder: Path) -> float:
        """Return how long the tests of `folder` take with nothing changed; they have to pass."""
        start = time.monotonic()
        code = self._pool.submit(self._run, folder, None, None).result()
        if code != PASSED:
            why = "there are none that run without the stack" if code == NO_TESTS else "they fail"
            raise SystemExit(f"{folder}: the tests of the unchanged code must pass, but {why}")
        return time.monotonic() - start

    def _run(self, folder: Path, mutant: Mutant | None, timeout: float | None) -> int | None:
        checkout = self._free.get()
        try:
            return checkout.run(folder, mutant=mutant, timeout=timeout)
        finally:
            self._free.put(checkout)


@contextmanager
def _campaign() -> Iterator[Campaign]:
    with tempfile.TemporaryDirectory(prefix="tickfold-mutants-") as directory:
        campaign = Campaign([Checkout(Path(directory) / str(number)) for number in range(WORKERS)])
        try:
            yield campaign
        finally:
            campaign.end()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 1 where a folder's tests kill fewer than nine of ten."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, help="such as tickfold/identity (default: all)")
    parser.add_argument("--sample", type=int, default=SAMPLE, help="mutants of a folder (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another seed draws other mutants (default: %(default)s)")
    options = parser.parse_args(arguments)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    tallies = []
    with _campaign() as campaign:
        for folder in options.folders or folders():
            tallies.append(campaign.test(folder, options.sample, options.seed))
            print(_row(tallies[-1]), flush=True)
    print("\n".join(["", "folder                  mutants  killed", *map(_row, tallies)]))
    return int(any(tally.too_few_killed for tally in tallies))


def _row(tally: Tally) -> str:
    share = f"{tally.killed / tally.mutants:.0%}" if tally.mutants else "-"
    return f"{tally.folder!s:<24}{tally.mutants:>7}{tally.killed:>8}{share:>6}"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
