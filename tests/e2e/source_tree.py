"""A copy of the repository whose own strategies change while a stack watches them."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded.stack import ROOT, EmbeddedStack
from embedded.strategy_watch import deploy_changes

CHANGING = """
from typing import ClassVar
import numpy as np
from tickfold.engine.bars import Bars
from tickfold.engine.signals import FLAT, HOLD, LONG, Signals
from tickfold.strategies import Strategy

class Changing(Strategy):
    name: ClassVar[str] = "changing"
    lookback: ClassVar[int] = 0

    def signals(self, bars: Bars) -> Signals:
        days = bars.timestamp // 86_400_000_000
        return np.select([days % 10 == 0, days % 10 == 5], [LONG, FLAT], HOLD).astype(np.int8)
"""


def copy_of_the_repository(directory: Path) -> Path:
    """Copy what a stack is deployed from, without strategies; return the copy's root."""
    root = directory / "tree"
    for folder in ("components", "embedded", "functions", "statemachines", "tickfold"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("__main__.py", "Pulumi.dev.yaml"):
        shutil.copy(ROOT / file, root / file)
    (root / "strategies").mkdir()
    return root


@contextmanager
def watching(stack: EmbeddedStack) -> Iterator[list[str]]:
    """Watch the strategies of a stack within the block; yield what is told, so far."""
    lines: list[str] = []
    stopped = threading.Event()
    watch = threading.Thread(target=deploy_changes, args=(stack, lines.append, stopped))
    watch.start()
    try:
        yield lines
    finally:
        stopped.set()
        watch.join()


def told(lines: list[str], count: int) -> str:
    """Return the line that comes as number `count`, and the last so far."""
    deadline = time.monotonic() + 60
    while len(lines) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(lines) == count, lines
    return lines[-1]
