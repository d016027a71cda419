"""One job by one contender from a Parquet file, in a process of its own: `JOB FILE NAME`. Prints the trades."""

import json
import sys
from pathlib import Path

from benchmarks.contender import contender

if __name__ == "__main__":
    engine = contender(sys.argv[3])
    print(json.dumps(getattr(engine, sys.argv[1])(engine.load(Path(sys.argv[2])))))
