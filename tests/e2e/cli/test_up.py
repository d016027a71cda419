"""`tickfold up`, interrupted."""

import os
import signal
import subprocess
import sys
from pathlib import Path


def test_ctrl_c_ends_without_a_trace(alone: Path) -> None:
    command = [sys.executable, "-m", "tickfold.cli", "up", "--port", "0"]
    process = subprocess.Popen(command, env=os.environ, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        assert "starting the emulator" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=60)
    finally:
        process.kill()
    assert "Traceback" not in rest
    assert process.returncode in (0, 130)
