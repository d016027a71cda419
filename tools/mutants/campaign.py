"""Tests the mutants of a folder, several at a time, and counts how many the folder's tests kill."""

import queue
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.mutants.checkout import Checkout
from tools.mutants.mutant import Mutant, mutants_of

THRESHOLD = 0.9
WORKERS = 2
PASSED, NO_TESTS = 0, 5  # exit codes of pytest


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
def campaign() -> Iterator[Campaign]:
    with tempfile.TemporaryDirectory(prefix="tickfold-mutants-") as directory:
        made = Campaign([Checkout(Path(directory) / str(number)) for number in range(WORKERS)])
        try:
            yield made
        finally:
            made.end()
