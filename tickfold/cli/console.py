"""The consoles of the command line: stdout for results, stderr for everything else."""

import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console


def stdout() -> "Console":
    """Return a console for results."""
    return _console(sys.stdout)


def stderr() -> "Console":
    """Return a console for progress, notes and errors."""
    return _console(sys.stderr)


def note(text: str) -> None:
    """Write a line to stderr."""
    stderr().print(printable(text), markup=False, highlight=False, soft_wrap=True)


def printable(text: str) -> str:
    """Return `text` without control characters, which a server or a file may have put there."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _console(file: TextIO) -> "Console":
    from rich.console import Console  # noqa: PLC0415 - slow to load, and `--help` needs none

    # Explicit, as otherwise FORCE_COLOR and the like would put control characters into files and pipes.
    return Console(file=file, force_terminal=file.isatty(), force_interactive=file.isatty(), emoji=False)
