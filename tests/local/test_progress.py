"""The line that shows how far a sweep is: only where somebody watches, and gone at the end."""

import io
import sys
from collections.abc import Iterator, Sequence

import pytest

from tickfold.local import progress


class Watched(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(seconds: Sequence[float] = (0.6, 0.6, 0.6, 0.6)) -> Iterator[int]:
    """Return the progress of items, each of which takes so many seconds."""
    now = [0.0]

    def items() -> Iterator[int]:
        for number, taken in enumerate(seconds):
            now[0] += taken
            yield number

    return progress.shown(items(), len(seconds), "runs", clock=lambda: now[0])


def test_long_work_is_shown_and_the_line_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Watched()
    monkeypatch.setattr(sys, "stderr", screen)
    assert list(shown()) == [0, 1, 2, 3]
    assert screen.getvalue() == "\r1 of 4 runs\r2 of 4 runs\r3 of 4 runs\r           \r"


def test_lines_are_a_fifth_of_a_second_apart_and_the_first_has_something_done(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Watched()
    monkeypatch.setattr(sys, "stderr", screen)
    assert list(shown([1.5, 0.1, 0.15, 0.15, 0.15])) == [0, 1, 2, 3, 4]
    assert screen.getvalue() == "\r1 of 5 runs\r3 of 5 runs\r           \r"


def test_interrupted_work_leaves_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Watched()
    monkeypatch.setattr(sys, "stderr", screen)
    items = shown()
    assert [next(items), next(items)] == [0, 1]
    del items
    assert screen.getvalue() == "\r1 of 4 runs\r           \r"


def test_unwatched_work_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    assert list(shown()) == [0, 1, 2, 3]
    assert screen.getvalue() == ""
