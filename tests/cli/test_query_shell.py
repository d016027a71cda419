"""`tickfold query` as a conversation, on a terminal of its own."""

import threading
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal, terminal
from tests.cli.test_query import Athena, athena, page, row

__all__ = ["athena"]

PROMPT, CONTINUED = "tickfold> ", "     ...> "


def enter(screen: Terminal, *lines: bytes, until: str = PROMPT) -> None:
    """Type lines, each once the one before is answered; the screen then has only what followed the last one."""
    for line in lines:
        screen.written = ""
        screen.press(line + b"\n")
        screen.read_until("\n")
        screen.written = screen.written.partition("\n")[2]
        screen.read_until(until)


def statements(athena: Athena) -> list[str]:
    return [request["QueryString"] for operation, request in athena.asked if operation == "StartQueryExecution"]


@pytest.fixture
def three(athena: Athena) -> Athena:
    """An Athena whose answer is always a row with the number 3."""
    athena.pages = [page([row("answer"), row("3")], answer="integer")]
    return athena


def test_statements_are_carried_out_until_ctrl_d(three: Athena) -> None:
    with terminal("query") as screen:
        screen.read_until(PROMPT)
        enter(screen, b"SELECT ';',", until=CONTINUED)
        enter(screen, b"  3; SELECT 4;")
        assert screen.written.count("123,456 bytes scanned") == 2
        assert " 3 " in screen.written
        screen.press(b"\x04")
        assert screen.end() == 0
    assert statements(three) == ["SELECT ';',\n  3", "SELECT 4"]


def test_error_does_not_end_it(three: Athena) -> None:
    with terminal("query") as screen:
        screen.read_until(PROMPT)
        enter(screen, b"DROP TABLE runs;")
        assert "tickfold: query refused: it begins with DROP" in screen.written
        three.refusal = "no such column"
        enter(screen, b"SELECT x;")
        assert "tickfold: query refused: no such column" in screen.written
        three.refusal = ""
        enter(screen, b"SELECT 1;")
        assert "bytes scanned" in screen.written
        screen.press(b"\\q\n")
        assert screen.end() == 0
    assert "Traceback" not in screen.written


def test_ctrl_c_clears_what_is_typed(three: Athena) -> None:
    with terminal("query") as screen:
        screen.read_until(PROMPT)
        enter(screen, b"SELECT 1,", until=CONTINUED)
        screen.written = ""
        screen.press(b"2 + ")
        screen.read_until("2 + ")  # Ctrl-C throws away keys that are not read yet, and readline would wait for them
        screen.interrupt_until(PROMPT)
        enter(screen, b"SELECT 5;")
        screen.press(b"\x04")
        assert screen.end() == 0
    assert statements(three) == ["SELECT 5"]


def test_ctrl_c_stops_a_query_and_asks_for_the_next(three: Athena) -> None:
    three.states = [{"State": "RUNNING"}]
    with terminal("query") as screen:
        screen.read_until(PROMPT)
        screen.press(b"SELECT 1;\n")
        screen.read_until("SELECT 1;")
        polled = threading.Event()
        while not polled.wait(0.02):
            if "GetQueryExecution" in three.operations():
                polled.set()
        screen.press(b"\x03")
        screen.read_until("query stopped")
        screen.written = screen.written.partition("query stopped")[2]
        screen.read_until(PROMPT)
        three.states = [{"State": "SUCCEEDED"}]
        enter(screen, b"SELECT 2;")
        screen.press(b"\x04")
        assert screen.end() == 0
    assert "StopQueryExecution" in three.operations()


def test_tables_and_columns_are_listed(three: Athena) -> None:
    with terminal("query") as screen:
        screen.read_until(PROMPT)
        enter(screen, b"\\d", b"\\d bars", b"\\?")
        assert "list the columns of a table" in screen.written
        enter(screen, b"\\x")
        assert "\\x is not a command" in screen.written
        screen.press(b"exit\n")
        assert screen.end() == 0
    assert statements(three) == ["SHOW TABLES", "DESCRIBE bars"]


def test_history_is_kept_for_its_user_alone(three: Athena, alone: Path) -> None:
    for keys in (b"SELECT 42;", b"\x1b[A"):  # the second time: the line before
        with terminal("query") as screen:
            screen.read_until(PROMPT)
            enter(screen, keys)
            screen.press(b"\x04")
            assert screen.end() == 0
    assert statements(three) == ["SELECT 42", "SELECT 42"]
    assert (alone / "state" / "query_history").stat().st_mode & 0o777 == 0o600


def test_history_that_cannot_be_kept_is_done_without(three: Athena, alone: Path) -> None:
    (alone / "state").write_text("a file, no directory")
    with terminal("query") as screen:
        screen.read_until(PROMPT)
        enter(screen, b"SELECT 1;")
        screen.press(b"\x04")
        assert screen.end() == 0
    assert "Traceback" not in screen.written
