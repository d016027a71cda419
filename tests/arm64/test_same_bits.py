"""Signals, trades, curves, metrics and checkpoints have the same bits on arm64 as on this machine."""

import json
from pathlib import Path

import pytest

from tests.arm64 import runs
from tests.engine.random_runs import random_bars
from tickfold.engine.bars import Bars
from tools.arm64 import Arm64Python

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("market", ["daily", "minutes"])
def test_runs_have_the_same_bits_on_both_processors(
    market: str, goog: Bars, arm64: Arm64Python, tmp_path: Path
) -> None:
    bars = goog if market == "daily" else random_bars(7, 1_000, grid=100, on_grid=True)
    file = tmp_path / "bars.npz"
    runs.write(bars, file)
    theirs = json.loads(arm64.run(["-m", "tests.arm64.runs", str(file)], code=ROOT))
    ours = runs.all_bits(runs.read(file))
    assert theirs["machine"] == "aarch64"
    assert theirs["runs"].keys() == ours.keys()
    differing = {
        run: [name for name, bits in said.items() if theirs["runs"][run][name] != bits] for run, said in ours.items()
    }
    assert not {run: names for run, names in differing.items() if names}
    assert len(ours) >= 18
    assert runs.digest() not in {said["trades"] for said in ours.values()}  # all trade
