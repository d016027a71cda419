"""Runs MiniStack in this process, with a watchdog that ends it when its parent process ends.

Standard input is a pipe whose other end the parent holds. However the parent ends, even by SIGKILL, the operating
system closes the pipe. The watchdog then removes the emulator's temporary directory and kills the process group, which
includes the emulator's Lambda workers. Until then, a line from the parent asks for a file of the resources.
"""

import os
import shutil
import signal
import sys
import threading
import traceback
from pathlib import Path

from ministack.app import main

from embedded.athena.emulated import answer_athena
from embedded.error_types import report_error_types
from embedded.kept.emulated import Keeper, fill_restored, keep_data
from embedded.kept.last_deployment import RESOURCES
from embedded.kept.resources import restore_resources, save_resources
from embedded.kept.store import KeptStore
from embedded.moved_aliases import follow_moved_aliases
from embedded.surviving_workers import keep_workers_that_raise


def _watch(directory: Path) -> None:
    for _line in sys.stdin:
        _save(directory / RESOURCES)
    shutil.rmtree(directory, ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _save(file: Path) -> None:
    try:
        save_resources(file)
    except Exception:  # the parent sees an empty file, and the emulator goes on
        traceback.print_exc()
        file.touch()


if __name__ == "__main__":
    directory, *kept = (Path(argument) for argument in sys.argv[1:])
    del sys.argv[1:]  # the emulator's own command line is empty
    threading.Thread(target=_watch, args=(directory,), daemon=True).start()
    report_error_types()
    follow_moved_aliases()
    keep_workers_that_raise()
    answer_athena()
    if kept:
        keeper = Keeper(KeptStore(kept[0]), directory)
        keep_data(keeper)
        if (directory / RESOURCES).exists():
            restore_resources(directory / RESOURCES)
            fill_restored(keeper)
    main()
