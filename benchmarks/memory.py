"""What a run adds to a process's peak memory, beside the size of its bars: `FILE`. Prints both, in bytes."""

import json
import resource
import sys
from pathlib import Path

from benchmarks.contender import contender
from tickfold.engine.bars import COLUMNS


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    engine = contender("tickfold")
    before = _peak()
    bars = engine.load(Path(sys.argv[1]))
    engine.run(bars)
    size = sum(getattr(bars, name).nbytes for name in COLUMNS)
    print(json.dumps({"added": _peak() - before, "bars": size}))
