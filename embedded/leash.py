"""Runs MiniStack in this process for as long as standard input stays open.

Whoever starts the emulator holds the other end of that pipe. However that process ends, by an exception, SIGTERM or
even SIGKILL, the operating system closes the pipe, and the emulator goes with it: first its temporary directory, then
the whole process group, in which its Lambda workers run too.
"""

import os
import shutil
import signal
import sys
import threading
from pathlib import Path

from ministack.app import main


def _end_when_let_go(directory: Path) -> None:
    sys.stdin.buffer.read()
    shutil.rmtree(directory, ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    held = threading.Thread(target=_end_when_let_go, args=(Path(sys.argv.pop()),), daemon=True)
    held.start()
    main()
