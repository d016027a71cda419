"""`tickfold up`, killed at any time: the next one has every series that was loaded and every run that ended."""

import os
import random
import signal
import subprocess
from pathlib import Path

import pytest

from tests.soak.bars_file import write_bars
from tests.soak.kept_stack import tickfold, up

ROUNDS = 20
LONGEST_SECONDS = 8.0
"""How long after its first series and its first run a stack is killed at the latest."""


def column(output: str, *names: str) -> set[tuple[str, ...]]:
    """Return the named columns of a table that was printed as CSV."""
    head, *rows = (line.split(",") for line in output.splitlines())
    return {tuple(row[head.index(name)] for name in names) for row in rows}


class Work:
    """Loads series and runs backtests until the stack is gone; knows what it was told is done."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.series: set[tuple[str, ...]] = set()
        self.runs: set[tuple[str, ...]] = set()

    def until_killed(self, stack: subprocess.Popen[bytes], seconds: float) -> None:
        assert self._load()
        assert self._run()
        killer = subprocess.Popen(["sh", "-c", f"sleep {seconds}; kill -9 {stack.pid}"])
        try:
            while stack.poll() is None and self._load() and self._run():
                pass
        finally:
            killer.wait()
        assert stack.wait(30) == -signal.SIGKILL

    def _load(self) -> bool:
        symbol = f"S{len(self.series)}"
        done = tickfold("data", "load", str(write_bars(self._directory / f"{symbol}.csv")), "--symbol", symbol)
        if done.returncode == 0:
            self.series.add((symbol,))
        return done.returncode == 0

    def _run(self) -> bool:
        done = tickfold("run", "--symbol", "AAPL", "--strategy", "buy_and_hold", "--chunks", "2")
        if done.returncode == 0:
            (run_id,) = (line.split()[1] for line in done.stdout.splitlines() if line.startswith("run "))
            self.runs.add((run_id, "succeeded"))
        return done.returncode == 0


@pytest.mark.soak
def test_every_series_and_ended_run_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKFOLD_STATE_DIR", str(tmp_path / "state"))
    rounds = int(os.environ.get("TICKFOLD_SOAK_ROUNDS", ROUNDS))
    work, chance = Work(tmp_path), random.Random(20260126)  # noqa: S311 - when to kill is no secret
    for _ in range(rounds + 1):  # each start looks for what the one before has left
        with up(tmp_path / "up.log") as stack:
            found = tickfold("data", "list")
            assert work.series | {("AAPL",)} <= column(found.stdout, "symbol"), found
            if work.runs:
                runs = tickfold("runs", "--limit", "100")
                statuses = column(runs.stdout, "run_id", "status")
                assert work.runs <= statuses, runs
                assert not {run for run, status in statuses if status == "running"}, "an interrupted run was not ended"
            work.until_killed(stack, chance.uniform(0, LONGEST_SECONDS))
