"""Signal events, and the target positions that they make."""

import numpy as np
import pytest

from tickfold.engine.decisions.signal_events import NEVER, signal_events
from tickfold.engine.decisions.terms import Direction
from tickfold.engine.signals import FLAT, HOLD, LONG, SHORT

SIGNALS = np.array([HOLD, LONG, LONG, HOLD, SHORT, FLAT, FLAT, LONG, HOLD], dtype=np.int8)


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        ("both", [(1, 1), (2, 1), (4, -1), (5, 0), (6, 0), (7, 1)]),
        ("long", [(1, 1), (2, 1), (4, 0), (5, 0), (6, 0), (7, 1)]),
        ("short", [(1, 0), (2, 0), (4, -1), (5, 0), (6, 0), (7, 0)]),
    ],
)
def test_signal_events_sides_outside_direction_become_flat(
    direction: Direction, expected: list[tuple[int, int]]
) -> None:
    events = signal_events(SIGNALS, direction)
    assert list(zip(events.bar.tolist(), events.side.tolist(), strict=True)) == expected


def test_signal_events_successive_events_of_one_side_are_one_target() -> None:
    events = signal_events(SIGNALS, "both")
    assert events.target_starts.tolist() == [0, 2, 3, 5]
    assert events.target_start.tolist() == [0, 0, 2, 3, 3, 5]
    assert events.target_stop.tolist() == [2, 2, 3, 5, 5, 6]
    assert events.target_until.tolist() == [4, 4, 5, 7, 7, NEVER]


def test_signal_events_unknown_signal_raises() -> None:
    with pytest.raises(ValueError, match="HOLD, LONG, SHORT or FLAT"):
        signal_events(np.array([0, 3], dtype=np.int8), "both")
