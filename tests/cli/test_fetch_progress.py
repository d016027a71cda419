"""The progress of a fetch: bars on a terminal alone, and lines everywhere."""

import io
from datetime import UTC, datetime

import pytest

from tickfold.cli.fetch_progress import FetchProgress
from tickfold.market_data.history import Filled

ASKED = datetime(2005, 1, 1, tzinfo=UTC), datetime(2006, 1, 1, tzinfo=UTC)


class Screen(io.StringIO):
    """What a terminal is for whoever writes to it."""

    def isatty(self) -> bool:
        return True


def fetch() -> None:
    """Fetch two pieces of GOOG, and tell a line in between."""
    filled = Filled("GOOG", "1d", ASKED, pieces=2)
    with FetchProgress() as progress:
        for done in range(3):
            filled.done, filled.added = done, 1_000 * done
            progress.show(filled)
        progress.tell("GOOG 1d: a line")


def test_file_gets_lines_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    fetch()
    assert written.getvalue() == "GOOG 1d: a line\n"


def test_terminal_shows_pieces_and_bars_and_lines_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    fetch()
    assert "2/2 pieces, 2,000 bars" in screen.getvalue()
    assert "\x1b[2KGOOG 1d: a line\n" in screen.getvalue()


def test_what_is_stored_is_told_of_the_symbol_that_was_fetched() -> None:
    with FetchProgress() as progress:
        assert progress.stored("GOOG") == "0 bars of GOOG are stored"
        progress.show(Filled("GOOG", "1d", ASKED, pieces=2, done=1, added=1_500))
        assert progress.stored("GOOG") == "1,500 bars of GOOG are stored"
        assert progress.stored("ACME", even_none=False) == ""
