"""The claim has teeth: each of these faults, put into a copy of the engine, refutes it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tickfold

PACKAGE = Path(tickfold.__file__).parent
REPOSITORY = PACKAGE.parent

FAULTS = {
    "a warm-up that is a bar short": ("chunk.py", "min(lookback, self.start)", "min(max(lookback - 1, 0), self.start)"),
    "a position that is open at its chunk's end is lost": (
        "fold.py",
        "merge([self._guessed[known], self._again(self._guessed.ask[open_], self._stop[self._chunk[open_]])])",
        "self._guessed[known]",
    ),
    "a position that is open at its chunk's end is never closed": (
        "fold.py",
        "known = stands & self._guessed.known",
        "known = stands",
    ),
    "a position is opened again at the boundary": (
        "fold.py",
        "stands = self.asks.starts[self._guessed.ask] >= self._first_ask[self._chunk]",
        "stands = self._guessed.ask >= 0",
    ),
    "a wish that goes on is not followed": ("fold.py", "for wish in run.carried_wishes()", "for wish in ()"),
    "a wish is followed into the next chunk only": (
        "fold.py",
        "            ask = self._next(part[-1:])\n",
        "            ask = NONE\n",
    ),
    "a guess is taken where it opened nothing at that ask": ("fold.py", " or self._guessed.ask[at] != ask", ""),
    "a guess is taken over the end of its chunk": (
        "fold.py",
        "int(self._first_ask[self._chunk[at] + 1])",
        "len(self.asks)",
    ),
    "the next wish's guesses are taken along": (
        "fold.py",
        "min(int(self.asks.ends[ask]), int(self._first_ask[self._chunk[at] + 1]))",
        "int(self._first_ask[self._chunk[at] + 1])",
    ),
    "asks are counted from the wrong chunk": (
        "fold.py",
        "decisions.positions.ask + first",
        "decisions.positions.ask + max(first - 1, 0)",
    ),
    "the best price of a trailing stop starts anew": (
        "exits.py",
        "self._best_so_far[which] = highest[:, -1]",
        "self._best_so_far[which] = highest[:, 0]",
    ),
    "a refused order is tried again by the wish after it": (
        "ledger.py",
        "at = int(np.searchsorted(positions.ask, self._asks.ends[positions.ask[at]]))",
        "at += 1",
    ),
    "bars are counted from the chunk's first": (
        "automaton.py",
        "NONE, self.entry_bar + bars)",
        "NONE, self.entry_bar)",
    ),
    "time runs out a bar late at a boundary": (
        "fold.py",
        "found = resolve(self._bars, self.asks, ask, self._orders)",
        "found = resolve(self._bars, self.asks, ask, replace(self._orders, max_bars=self._orders.max_bars and 99))",
    ),
}


def claim(package: Path) -> subprocess.CompletedProcess[str]:
    """Run the claim against the copy of Tickfold that is in `package`."""
    environment = {"PYTHONPATH": f"{package}:{REPOSITORY}:{':'.join(sys.path)}", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "tests.engine.claim"]
    return subprocess.run(
        command, cwd=package, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(PACKAGE, tmp_path / "tickfold", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_the_engine_as_it_is_stands(copy: Path) -> None:
    ended = claim(copy)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(copy: Path, fault: str) -> None:
    name, right, wrong = FAULTS[fault]
    (file,) = (copy / "tickfold" / "engine").rglob(name)
    source = file.read_text()
    assert source.count(right) == 1
    file.write_text(source.replace(right, wrong).replace("import dataclass\n", "import dataclass, replace\n"))
    assert claim(copy).returncode == 1
