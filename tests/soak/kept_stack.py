"""A stack that keeps its data, in a process of its own: `tickfold up`."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded import record
from embedded.stack import ROOT

TICKFOLD = Path(sys.executable).with_name("tickfold")
START_SECONDS = 180


@contextmanager
def up(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `tickfold up`; it is killed at the end of the block."""
    with log.open("ab") as output:
        process = subprocess.Popen([TICKFOLD, "up", "--port", "0"], cwd=ROOT, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not ((found := record.read()) and found.pid == process.pid):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield process
    finally:
        process.kill()
        process.wait()


def tickfold(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([TICKFOLD, *arguments], capture_output=True, text=True, check=False)
