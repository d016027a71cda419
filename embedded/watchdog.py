"""Runs MiniStack in this process, with a watchdog that ends it when its parent process ends.

Standard input is a pipe whose other end the parent holds. However the parent ends, even by SIGKILL, the operating
system closes the pipe. The watchdog then removes the emulator's temporary directory and kills the process group, which
includes the emulator's Lambda workers.
"""

import os
import shutil
import signal
import sys
import threading
from pathlib import Path

from ministack.app import main

from embedded.athena.emulated import answer_athena
from embedded.error_types import report_error_types


def _watch(directory: Path) -> None:
    sys.stdin.buffer.read()
    shutil.rmtree(directory, ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=_watch, args=(Path(sys.argv.pop()),), daemon=True).start()
    report_error_types()
    answer_athena()
    main()
