"""The progress of a long sweep: one line on stderr that rewrites itself, on a terminal or in a notebook."""

import sys
from collections.abc import Callable, Iterable, Iterator
from time import monotonic
from typing import TypeVar

Item = TypeVar("Item")

_PATIENCE = 1.0
"""Seconds that a sweep may take without a word."""
_STEP = 0.2
"""Seconds between two lines."""


def shown(items: Iterable[Item], total: int, noun: str, clock: Callable[[], float] = monotonic) -> Iterator[Item]:
    """Yield `items`, of which there are `total`, and show how many are done; the line is removed at the end."""
    if not _is_watched():
        yield from items
        return
    due, written = clock() + _PATIENCE, 0
    try:
        for done, item in enumerate(items):
            if done and clock() >= due:
                text = f"{done:,} of {total:,} {noun}"
                written = max(written, len(text))
                sys.stderr.write(f"\r{text}")
                sys.stderr.flush()
                due = clock() + _STEP
            yield item
    finally:  # also after Ctrl-C
        if written:
            sys.stderr.write(f"\r{' ' * written}\r")
            sys.stderr.flush()


def _is_watched() -> bool:
    return sys.stderr.isatty() or "ipykernel" in sys.modules
