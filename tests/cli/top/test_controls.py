"""Keys of `tickfold top`."""

import pytest

from tickfold.cli.top.controls import Controls, keys_in


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("qS", ["q", "s"]),
        ("\x1b[A\x1b[B", ["up", "down"]),
        ("\x1bOA\x1bOF\x1b[H", ["up", "end", "home"]),
        ("\x1b[5~\x1b[6~p", ["page up", "page down", "p"]),
        ("p\x1b[99;5uq", ["p"]),
    ],
)
def test_keys_are_told_apart(typed: str, keys: list[str]) -> None:
    assert list(keys_in(typed)) == keys


def test_keys_quit_pause_and_sort() -> None:
    controls = Controls()
    chosen = []
    for key in "sssspxq":
        controls.press(key)
        chosen.append((controls.order, controls.is_paused, controls.has_quit))
    assert [order for order, _, _ in chosen[:4]] == ["equity", "day", "drawdown", "name"]
    assert chosen[4:] == [("name", True, False), ("name", True, False), ("name", True, True)]
    controls.press("p")
    assert not controls.is_paused


def test_scrolling_stays_within_what_there_is() -> None:
    controls = Controls()
    controls.press("down")
    assert controls.offset == 0
    controls.fit(page=4, most=10)
    offsets = []
    for key in ("down", "page down", "page down", "page down", "up", "page up", "home", "up", "end"):
        controls.press(key)
        offsets.append(controls.offset)
    assert offsets == [1, 5, 9, 10, 9, 5, 0, 0, 10]
    controls.fit(page=4, most=3)
    assert controls.offset == 3
