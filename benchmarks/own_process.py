"""Runs a program in a process of its own, and measures its time and memory."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from tempfile import TemporaryFile
from time import perf_counter
from typing import Any

_QUIET = {"TQDM_DISABLE": "1"}


@dataclass(frozen=True)
class Usage:
    """`seconds` from start to exit, `peak` resident memory in bytes, and the `answer` that the program printed."""

    seconds: float
    peak: int
    answer: Any


def run(module: str, *arguments: object) -> Usage:
    """Run `python -m module arguments…`, whose last line of output is JSON.

    Raises:
        RuntimeError: the program failed; the message is its output.
    """
    started = perf_counter()
    with TemporaryFile("w+") as output:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", module, *map(str, arguments)],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | _QUIET,
            start_new_session=True,  # Ctrl-C reaches the driver alone, which then kills the program
        )
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        seconds = perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode:
        raise RuntimeError(f"{module} {' '.join(map(str, arguments))} failed:\n{text}")
    in_bytes = 1 if sys.platform == "darwin" else 1024
    return Usage(seconds, used.ru_maxrss * in_bytes, json.loads(text.splitlines()[-1]))
