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
    "position open at the chunk's end dropped": ("fold.py", "[self._resume(held)] if held else []", "[]"),
    "position open at the chunk's end never closed": ("fold.py", "price, closings.bar,", "price, np.array([NONE]),"),
    "position opened again at the boundary": (
        "fold.py",
        "merge([*chain, self._found[start:]])",
        "merge([*chain, self._found])",
    ),
    "order placed before the boundary dropped": ("ledger.py", "if len(working):", "if not len(latest):"),
    "order placed before the boundary has another limit": (
        "fold.py",
        "np.array([order.decided - carried.bars]), np.array([order.close])",
        "np.array([order.decided - carried.bars]), np.array([order.close + 1])",
    ),
    "carried target not followed": ("fold.py", "while NONE < event < self._stop and", "while False and"),
    "carried target followed by one position only": ("fold.py", "event = self._next(again)", "event = NONE"),
    "carried target followed beyond its end": (
        "fold.py",
        "NONE < event < self._stop",
        "NONE < event < len(self._events)",
    ),
    "speculation used where the worker opened nothing": ("fold.py", " and found.event[at] == event", ""),
    "speculation of the next target used": ("fold.py", "self._chain(self._found[:start])", "self._chain(self._found)"),
    "signal events offset by one": (
        "fold.py",
        "event=found.positions.event + self._first)",
        "event=found.positions.event + self._first - 1)",
    ),
    "trailing stop forgets its best price": (
        "exits.py",
        "self._best_so_far[self._which] = highest[:, -1]",
        "self._best_so_far[self._which] = highest[:, 0]",
    ),
    "trailing stop forgets the chunks before": (
        "ledger.py",
        "best=self._best(side, bars, 0, carried.position.best)",
        "best=carried.position.best",
    ),
    "timed exit counted from the chunk's start": ("fold.py", "held.since - self._carried.bars", "-1"),
    "position open at the end of a chunk left so": ("adjacent.py", "if open_.any() and", "if False and"),
    "target that goes on begun anew": ("adjacent.py", "if self._goes_on(first):", "if False:"),
    "speculation dropped where it is right": (
        "adjacent.py",
        "return event if NONE < event < stop else stop",
        "return stop",
    ),
    "next target followed with the one before": (
        "adjacent.py",
        "stop = min(int(self._events.target_stop[first]), after)",
        "stop = after",
    ),
    "volatility measured within the chunk": ("ledger.py", "past=fraction.past()", "past=state.past"),
    "stop missed where no signal comes": ("ledger.py", "last or self._orders.exits or", "last or"),
    "order missed where no signal comes": (
        "ledger.py",
        "state.carried.order or state.in_sequence",
        "state.in_sequence",
    ),
    "cash of the position held at the boundary paid twice": (
        "ledger.py",
        "entry_flow[0], entry_bar[0]",
        "_, entry_bar[0]",
    ),
    "rejected order retried in the next target": (
        "block_posting.py",
        "at = int(np.searchsorted(positions.event, self._events.target_stop[positions.event[at]]))",
        "at += 1",
    ),
    "bars counted from the chunk's first": (
        "ledger.py",
        "exit_bar=positions.exit_bar + first",
        "exit_bar=positions.exit_bar",
    ),
}


def claim(package: Path) -> subprocess.CompletedProcess[str]:
    """Run the claim against the copy of Tickfold in `package`."""
    environment = {"PYTHONPATH": f"{package}:{REPOSITORY}:{':'.join(sys.path)}"}
    command = [sys.executable, "-m", "tests.engine.claim"]
    return subprocess.run(
        command, cwd=package, env=environment, capture_output=True, text=True, check=False, timeout=600
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of Tickfold, with its bytecode, which is valid where a source file is as it was."""
    shutil.copytree(PACKAGE, tmp_path / "tickfold")
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
