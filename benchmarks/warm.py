"""One job by several contenders in turns, in one process, after a warm-up round: `JOB FILE ROUNDS NAME…`.

Prints each contender's seconds per round, and its number of trades.
"""

import gc
import json
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.contender import Contender, contender


def main(job: str, file: Path, rounds: int, names: list[str]) -> dict[str, Any]:
    contenders: dict[str, Contender] = {name: contender(name) for name in names}
    bars = {name: each.load(file) for name, each in contenders.items()}
    trades = {name: getattr(each, job)(bars[name]) for name, each in contenders.items()}
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name, each in contenders.items():
            gc.collect()  # so that no contender pays for the garbage of another
            started = perf_counter()
            getattr(each, job)(bars[name])
            seconds[name].append(perf_counter() - started)
    return {"seconds": seconds, "trades": trades}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])))
