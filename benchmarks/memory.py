"""The peak memory that a run adds to a warm worker, and the size of its bars: `FILE SMALL`.

Prints both in bytes. The worker is warm after a run over the bars of the file `SMALL`: all code is loaded.
"""

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
    engine.run(engine.load(Path(sys.argv[2])))
    before = _peak()
    bars = engine.load(Path(sys.argv[1]))
    engine.run(bars)
    size = sum(getattr(bars, name).nbytes for name in COLUMNS)
    print(json.dumps({"added": _peak() - before, "bars": size}))
