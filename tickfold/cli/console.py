"""Where the command line writes: results on stdout, everything else on stderr."""

import sys
from typing import TextIO

from rich.console import Console


def stdout() -> Console:
    """Return a console for results."""
    return _console(sys.stdout)


def stderr() -> Console:
    """Return a console for progress, notes and errors."""
    return _console(sys.stderr)


def note(text: str) -> None:
    """Write a line for the user, which is no result, on stderr."""
    stderr().print(printable(text), markup=False, highlight=False, soft_wrap=True)


def printable(text: str) -> str:
    """Return `text` without what would steer a terminal: a server or a file may have put it there."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _console(file: TextIO) -> Console:
    # Said outright, as otherwise FORCE_COLOR and the like would put control characters into files and pipes.
    return Console(file=file, force_terminal=file.isatty(), force_interactive=file.isatty(), emoji=False)
