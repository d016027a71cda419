"""The processor time of a chunked run and of a single pass: `FILE CHUNKS ROUNDS`.

Prints the seconds of every round: `pass` (signals, decisions, ledger and metrics in one), `simulate` (all chunks, with
their warm-up), `fold` (with ledger and metrics), `reduce`, the reducer's work without S3 (decoding chunks and bars, the
fold, and encoding curve and trades), and `write`, encoding the curve alone.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import ParamSpec, TypeVar

import numpy as np

from benchmarks.contender import FAST, SLOW
from benchmarks.market import DECIMALS
from benchmarks.tickfold_contender import ACCOUNT, Tickfold
from tickfold.backtests import chunk_files, results
from tickfold.engine.backtest import Outcome, backtest, fold, simulate
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.chunk import Chunk, Speculation, cut
from tickfold.market_data import bar_store
from tickfold.storage import parquet
from tickfold.strategies import BUILT_IN

P = ParamSpec("P")
T = TypeVar("T")
STRATEGY = BUILT_IN.create("sma_cross", {"fast": FAST, "slow": SLOW})


def timed(seconds: list[float], work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Return the result of `work`, and append its processor time to `seconds`."""
    started = process_time()
    done = work(*arguments, **named)
    seconds.append(process_time() - started)
    return done


def reduce(file: bytes, chunks: list[Chunk], found: list[bytes]) -> Outcome:
    bars = replace(bar_store.decode(file), decimals=DECIMALS)
    decoded = [chunk_files.ChunkFile(chunk, data).of(0) for chunk, data in zip(chunks, found, strict=True)]
    outcome = fold(decoded, bars, ACCOUNT).outcome
    parquet.encode(results.equity_table(bars, outcome.statement))
    parquet.encode(
        results.trades_table("WALK", outcome.statement.trades, results.times_of(bars, outcome.statement.trades))
    )
    return outcome


def speculate(bars: Bars, chunks: list[Chunk]) -> list[Speculation]:
    return [
        simulate(bars[chunk.start - chunk.warm_up(STRATEGY.lookback) : chunk.stop], chunk, STRATEGY) for chunk in chunks
    ]


def main(file: Path, count: int, rounds: int) -> dict[str, list[float]]:
    bars, data = Tickfold().load(file), file.read_bytes()
    chunks = cut(len(bars), STRATEGY.lookback, 1, chunks=count)
    seconds: dict[str, list[float]] = {name: [] for name in ("pass", "simulate", "fold", "reduce", "write")}
    for _ in range(rounds):
        whole = timed(seconds["pass"], backtest, bars, STRATEGY, ACCOUNT)
        found = timed(seconds["simulate"], speculate, bars, chunks)
        timed(seconds["fold"], fold, found, bars, ACCOUNT)
        written = [chunk_files.encode([each]) for each in found]
        reduced = timed(seconds["reduce"], reduce, data, chunks, written)
        timed(seconds["write"], parquet.encode, results.equity_table(bars, whole.statement))
        if not np.array_equal(reduced.statement.equity, whole.statement.equity):
            raise RuntimeError("the folded run differs from the single pass")
    return seconds


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
