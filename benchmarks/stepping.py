"""The processor time of a bot's step, and of a backtest over the bars that its strategy looks back on: `FILE`.

A step is the strategy's signal at a bar and what the ledger posts for it, from a warm state.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time

from benchmarks.tickfold_contender import ACCOUNT
from tickfold.engine.backtest import AT_THE_NEXT_OPEN, backtest
from tickfold.engine.bars import Bars
from tickfold.engine.stepping import SteppedRun, new_signals
from tickfold.market_data import bar_store
from tickfold.strategies import BUILT_IN

_STEPS = 500
_ROUNDS = 7


def spent(work: Callable[[Bars], object], bars: Bars, lookback: int) -> float:
    """Return the seconds that `work` takes for a bar with those before it, the median of some rounds of many bars."""
    rounds = []
    for number in range(_ROUNDS):
        first = lookback + number * _STEPS
        windows = [bars[at - lookback : at + 1] for at in range(first, first + _STEPS)]
        started = process_time()
        for window in windows:
            work(window)
        rounds.append((process_time() - started) / _STEPS)
    return median(rounds)


def main(bars: Bars) -> dict[str, float]:
    strategy = BUILT_IN.create("sma_cross", {"fast": 10, "slow": 30})
    run = SteppedRun(ACCOUNT, AT_THE_NEXT_OPEN)

    def step(window: Bars) -> None:
        (signal,) = new_signals(strategy, window, 1)
        run.step(window[-1:], int(signal))

    return {
        "step": spent(step, bars, strategy.lookback),
        "backtest": spent(lambda window: backtest(window, strategy, ACCOUNT), bars, strategy.lookback),
    }


if __name__ == "__main__":
    print(json.dumps(main(bar_store.decode(Path(sys.argv[1]).read_bytes()))))
