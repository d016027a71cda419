"""How `tickfold top` draws: sections, shares of the screen, columns that give way."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.cli.top.examples import (
    MINUTE,
    OPEN,
    Clock,
    alert,
    allocated,
    bar,
    entry,
    filled,
    opened,
    placed,
    seen,
    state_of,
    step,
    symbol,
)
from tickfold.cli.top.controls import Controls
from tickfold.cli.top.screen import Link, frame, report, shared
from tickfold.cli.top.snapshot import Snapshot
from tickfold.cli.top.state import TopState
from tickfold.client import ConnectionStatus
from tickfold.protocol.journal import Killed

CONNECTED = Link(ConnectionStatus(is_open=True))


def full(symbols: int = 1) -> Snapshot:
    """Return a snapshot with something in each section, and so many symbols."""
    state = state_of(
        opened("growth", 10_000),
        entry(2, placed("a", 10), allocated()),
        entry(3, step("started"), filled("a", 10, 101), seen(103, cross=950.0)),
        clock=Clock(OPEN + 2 * MINUTE + timedelta(seconds=5)),
    )
    names = [f"S{number:02d}" for number in range(1, symbols + 1)]
    state.set_feed([symbol(name) for name in names])
    for number, name in enumerate(names, 1):
        state.add_bar(name, bar(2, 100.0 + number), is_live=True)
    state.add_alert(alert("one", 2))
    return state.snapshot()


def drawn(
    snapshot: Snapshot, width: int = 80, height: int = 24, link: Link = CONNECTED, controls: Controls | None = None
) -> list[str]:
    return [line.plain.rstrip() for line in frame(snapshot, link, controls or Controls(), width, height)]


@pytest.mark.parametrize("width", [1, 2, 5, 9, 20, 33])
@pytest.mark.parametrize("height", [1, 2, 5, 9, 14])
def test_no_terminal_is_too_small(width: int, height: int) -> None:
    lines = frame(full(30), CONNECTED, Controls(), width, height)
    assert len(lines) <= height
    assert max(line.cell_len for line in lines) <= width


def test_screen_has_every_section() -> None:
    lines = drawn(full())
    assert lines[:14] == [
        "tickfold top  09:32:05 New York  connected",
        "Feed    last   change  last bar  age",
        "S01   101.00  +1.00 %     09:32  5 s",
        "Portfolio  status    equity     day  drawdown      cash  orders",
        "growth     active  9,970.00  -20.00    0.30 %  7,990.00       0",
        "Position  portfolio  shares  average    last  unrealised",
        "GOOG      growth         10   101.00  103.00      +20.00",
        "Bot    portfolio  symbol  status   equity  profit",
        "cross  growth     GOOG    running  950.00  -50.00",
        "Latest  of      alerts and fills",
        "09:32   alert   GOOG above 100.00: It is 101.",
        "09:31   growth  buy 10 GOOG at 101.00",
        "",
        "",
    ]
    assert (len(lines), lines[-1]) == (24, "q quit  p pause  s sort by name")


def test_nothing_yet_says_how_to_begin() -> None:
    state = TopState(Clock())
    assert [line for line in drawn(state.snapshot()) if line == "reading …"] == ["reading …"] * 5
    state.is_complete = True
    lines = drawn(state.snapshot())
    for command in ("tickfold feed add GOOG", "tickfold portfolio create growth --cash 10000", "tickfold order place"):
        assert any(command in line for line in lines), command


@pytest.mark.parametrize(
    ("demands", "room", "shares"),
    [
        ([1, 3, 2], 10, [1, 3, 2]),
        ([9, 1, 9], 7, [3, 1, 3]),
        ([9, 9], 5, [3, 2]),
        ([2], 0, [0]),
    ],
)
def test_sections_share_the_room(demands: list[int], room: int, shares: list[int]) -> None:
    assert shared(demands, room) == shares


def test_section_with_more_rows_than_room_scrolls_and_says_where_it_is() -> None:
    controls, snapshot = Controls(), full(symbols=20)
    lines = drawn(snapshot, controls=controls)
    first = next(line for line in lines if line.startswith("Feed"))
    assert first.endswith("  1-12 of 20")
    assert lines[2].startswith("S01")
    assert lines[-1].endswith("↑ ↓ PgUp PgDn scroll")
    controls.press("page down")
    lines = drawn(snapshot, controls=controls)
    assert lines[1].endswith("  9-20 of 20")
    assert [line.split()[0] for line in lines[2:14]] == [f"S{number:02d}" for number in range(9, 21)]
    assert any(line.startswith("growth") for line in lines)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 20), (120, 40), (40, 10), (25, 6), (20, 3), (10, 1)])
@pytest.mark.parametrize("symbols", [0, 1, 40])
def test_screen_is_never_larger_than_the_terminal(width: int, height: int, symbols: int) -> None:
    lines = frame(full(symbols), CONNECTED, Controls(), width, height)
    assert len(lines) == height
    assert max(line.cell_len for line in lines) <= width


def test_narrow_screen_keeps_what_matters_most() -> None:
    lines = drawn(full(), width=40)
    assert "Feed    last   change  last bar  age" in lines
    assert "Portfolio  status    equity     day" in lines
    assert "Position  shares    last  unrealised" in lines


def test_low_screen_keeps_portfolios() -> None:
    assert [line.split("  ")[0] for line in drawn(full(), height=4)] == [
        "tickfold top",
        "Portfolio",
        "growth",
        "q quit",
    ]
    assert [line.split("  ")[0] for line in drawn(full(), height=6)][1:5] == ["Portfolio", "growth", "Position", "GOOG"]


def test_reason_of_a_stop_is_below_the_portfolio() -> None:
    killed = entry(2, Killed(reason="storm\x1b[2J"))
    lines = drawn(state_of(opened("growth", 100), killed).snapshot())
    at = next(at for at, line in enumerate(lines) if line.startswith("growth"))
    assert "killed" in lines[at]
    assert lines[at + 1] == "  storm\N{REPLACEMENT CHARACTER}[2J"


def test_silent_symbol_is_marked() -> None:
    state = TopState(Clock(OPEN + 8 * MINUTE))
    state.set_feed([symbol()])
    state.add_bar("GOOG", bar(1), is_live=True)
    assert drawn(state.snapshot())[2].endswith("silent 7 min")


def test_row_of_another_day_has_its_date() -> None:
    snapshot = replace(full(), time=OPEN + timedelta(days=1))
    assert "2026-01-30 09:31  growth  buy 10 GOOG at 101.00" in drawn(snapshot)


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        (Link(ConnectionStatus(True, token_expires_in=2_530)), "connected  token expires in 42 min"),
        (Link(ConnectionStatus(True, token_expires_in=-1)), "connected  token has expired"),
        (Link(ConnectionStatus(False, retry_in=3.4)), "reconnecting in 4 s"),
        (Link(ConnectionStatus(False)), "reconnecting …"),
        (Link(ConnectionStatus(True), caught_up=1), "connected  resumed, 1 message caught up"),
        (Link(ConnectionStatus(True), caught_up=12), "connected  resumed, 12 messages caught up"),
    ],
)
def test_first_row_tells_of_the_connection(link: Link, shown: str) -> None:
    assert drawn(full(), link=link)[0] == f"tickfold top  09:32:05 New York  {shown}"


def test_first_row_of_a_narrow_screen_is_the_connection() -> None:
    link = Link(ConnectionStatus(True, token_expires_in=2_530), caught_up=12)
    assert drawn(full(), width=72, link=link)[0] == "connected  resumed, 12 messages caught up  token expires in 42 min"
    assert drawn(full(), width=60, link=link)[0] == "connected  resumed, 12 messages caught up"


def test_paused_screen_says_so() -> None:
    controls = Controls()
    controls.press("p")
    lines = drawn(full(), controls=controls)
    assert lines[0].endswith("connected  paused")
    assert lines[-1].startswith("q quit  p go on")


def test_report_has_all_rows_in_full() -> None:
    lines = [line.plain.rstrip() for line in report(full(symbols=40))]
    assert sum(line.startswith("S") for line in lines) == 40
    assert "09:32   alert   GOOG above 100.00: It is 101." in lines
