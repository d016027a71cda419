"""A contender: one engine that does each job as its own documentation shows."""

from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

CAPITAL = 1_000_000.0
FAST, SLOW = 10, 20
PAIRS = [(fast, slow) for fast in range(5, 15) for slow in range(20, 70, 5)]
"""The parameter sets of the sweep: a hundred pairs of averages."""
STOP_LOSS, TAKE_PROFIT = 0.0005, 0.001
"""Fractions of the entry price; on the synthetic market they end one position in four."""

_MODULES = {
    "tickfold": "benchmarks.tickfold_contender",
    "vectorbt-numba": "benchmarks.vectorbt_contender",
    "vectorbt-rust": "benchmarks.vectorbt_contender",
    "backtesting.py": "benchmarks.backtesting_contender",
}


class Contender(Protocol):
    """Each job returns its number of trades, of all runs together: contenders that differ did not do the same.

    backtesting.py does the single run only.
    """

    def load(self, file: Path) -> Any:
        """Read the bars into this engine's own format."""

    def run(self, bars: Any) -> int:
        """SMA cross of `FAST` and `SLOW`, long and short, whole shares, filled at the next open, with metrics."""

    def sweep(self, bars: Any) -> int:
        """The same for each of `PAIRS`."""

    def run_with_stops(self, bars: Any) -> int:
        """The same as `run`, with `STOP_LOSS` and `TAKE_PROFIT`, checked inside each bar."""


def contender(name: str) -> Contender:
    """Return the contender `name`; only its own libraries are imported."""
    made: Contender = import_module(_MODULES[name]).contender(name)
    return made
