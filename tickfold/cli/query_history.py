"""The lines that were typed into `tickfold query`, kept in the user's state directory."""

import readline
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tickfold.state_directory import state_directory

_MOST_LINES = 1_000


@contextmanager
def kept_history() -> Iterator[None]:
    """Give the block's `input` the lines of earlier blocks, and keep its own; without a file where none can be kept."""
    file = state_directory() / "query_history"
    readline.clear_history()
    readline.set_history_length(_MOST_LINES)
    with suppress(OSError):
        readline.read_history_file(file)
    try:
        yield
    finally:
        with suppress(OSError):
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.touch(mode=0o600)  # a statement may name what others should not read
            readline.write_history_file(file)
