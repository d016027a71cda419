"""Mutation tests of the exactness claim: each fault, put into a copy of the engine, must be found."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tickfold

PACKAGE = Path(tickfold.__file__).parent
REPOSITORY = PACKAGE.parent

FAULTS = {
    "warm-up one bar short": ("chunk.py", "min(lookback, self.start)", "min(max(lookback - 1, 0), self.start)"),
    "position open at the chunk's end dropped": (
        "fold.py",
        "standing.with_rows(open_, self._replay(standing.event[open_], stop))",
        "standing[standing.known]",
    ),
    "position open at the chunk's end never closed": (
        "fold.py",
        "standing.with_rows(open_, self._replay(standing.event[open_], stop))",
        "standing",
    ),
    "position opened again at the boundary": (
        "fold.py",
        "stands = self.events.target_start[self._speculated.event] >= self._first_event[self._chunk]",
        "stands = self._speculated.event >= 0",
    ),
    "carried target not followed": ("fold.py", "for start in run.carried_targets()", "for start in ()"),
    "carried target followed into the next chunk only": (
        "fold.py",
        "            event = self._next(part[-1:])\n",
        "            event = NONE\n",
    ),
    "speculation used where the worker opened nothing": ("fold.py", " or self._speculated.event[at] != event", ""),
    "speculation used past its chunk's end": (
        "fold.py",
        "int(self._first_event[self._chunk[at] + 1])",
        "len(self.events)",
    ),
    "speculation of the next target used": (
        "fold.py",
        "min(int(self.events.target_stop[event]), int(self._first_event[self._chunk[at] + 1]))",
        "int(self._first_event[self._chunk[at] + 1])",
    ),
    "signal events offset by the wrong chunk": (
        "fold.py",
        "by_chunk.event + self._first_event[self._chunk]",
        "by_chunk.event + np.maximum(self._first_event[self._chunk] - 1, 0)",
    ),
    "trailing stop forgets its best price": (
        "exits.py",
        "self._best_so_far[self._which] = highest[:, -1]",
        "self._best_so_far[self._which] = highest[:, 0]",
    ),
    "rejected order retried in the next target": (
        "ledger.py",
        "at = int(np.searchsorted(positions.event, self._events.target_stop[positions.event[at]]))",
        "at += 1",
    ),
    "bars counted from the chunk's first": (
        "positions.py",
        "NONE, self.entry_bar + bars)",
        "NONE, self.entry_bar)",
    ),
    "replay without the timed exit": (
        "fold.py",
        "found = resolve(self._bars, self.events, event, self._orders)",
        "found = resolve(self._bars, self.events, event, "
        "replace(self._orders, exits=(*self._orders.stops, *self._orders.targets)))",
    ),
}


def claim(package: Path) -> subprocess.CompletedProcess[str]:
    """Run the claim against the copy of Tickfold in `package`."""
    environment = {"PYTHONPATH": f"{package}:{REPOSITORY}:{':'.join(sys.path)}", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "tests.engine.claim"]
    return subprocess.run(
        command, cwd=package, env=environment, capture_output=True, text=True, check=False, timeout=600
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(PACKAGE, tmp_path / "tickfold", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_claim_unchanged_engine_passes(copy: Path) -> None:
    ended = claim(copy)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("fault", FAULTS)
def test_claim_engine_with_fault_fails(copy: Path, fault: str) -> None:
    name, right, wrong = FAULTS[fault]
    (file,) = (copy / "tickfold" / "engine").rglob(name)
    source = file.read_text()
    assert source.count(right) == 1
    file.write_text(source.replace(right, wrong))
    assert claim(copy).returncode == 1
