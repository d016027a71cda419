"""The time of each stage of an SMA cross over a million bars, and of one pass over the bars' memory as a lower bound.

`.venv-bench/bin/python -m benchmarks.stages` prints milliseconds of processor time, the minimum of many rounds, which
the load of the machine affects least.
"""

from collections.abc import Callable, Iterator
from time import process_time

from benchmarks.market import walk
from benchmarks.tickfold_contender import ACCOUNT, cross
from tickfold.engine.accounting.ledger import Ledger
from tickfold.engine.backtest import AT_THE_NEXT_OPEN, backtest
from tickfold.engine.bars import COLUMNS, Bars
from tickfold.engine.decisions.automaton import decide
from tickfold.engine.decisions.signal_events import signal_events
from tickfold.engine.performance.measurement import measure
from tickfold.market_data import bar_store
from tickfold.strategies import BUILT_IN

BARS = 1_000_000
ROUNDS = 25


def least(work: Callable[[], object]) -> float:
    """Return the minimum milliseconds of processor time of `work`."""
    spent = []
    for _ in range(ROUNDS):
        started = process_time()
        work()
        spent.append(process_time() - started)
    return min(spent) * 1e3


def stages(bars: Bars) -> Iterator[tuple[str, float]]:
    strategy = BUILT_IN.create("sma_cross", {"fast": 10, "slow": 20})
    written = bar_store.encode(bars)
    signals = strategy.signals(bars)
    orders = AT_THE_NEXT_OPEN
    decisions = decide(bars, signal_events(signals, "both"), orders)
    statement = backtest(bars, strategy, ACCOUNT).statement
    yield "one pass over five columns", least(lambda: [getattr(bars, name).sum() for name in COLUMNS[1:]])
    yield "bars from Parquet", least(lambda: bar_store.decode(written))
    yield "signals", least(lambda: strategy.signals(bars))
    yield "decisions", least(lambda: decide(bars, signal_events(signals, "both"), orders))
    count = len(decisions.positions)
    yield f"ledger, {count:,} positions", least(lambda: Ledger(ACCOUNT, orders).post(bars, decisions, last=True))
    yield "metrics", least(lambda: measure(bars, statement))
    yield "the run, without reading", least(lambda: cross(bars))


if __name__ == "__main__":
    for name, milliseconds in stages(walk(BARS)):
        print(f"{name:28} {milliseconds:8.1f} ms")
