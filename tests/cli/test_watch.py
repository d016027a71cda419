"""`tickfold watch`, against a stack's API on this machine."""

import asyncio
import json
import signal
import subprocess
from http import HTTPStatus

import pytest

from tests.cli.conftest import Command
from tests.cli.terminal import COMMAND, SECONDS, terminal
from tests.client.fake_stack import FakeStack, Series

CTRL_C = b"\x03"
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
HEADER = "sequence,time,open,high,low,close,volume,sma9,vwap"


@pytest.fixture
def feed(fake: FakeStack) -> FakeStack:
    """A stack whose feed fetches GOOG, of which there are ten bars, eight of them of the last session."""
    fake.series = {"GOOG": Series(last=10, session=2), "NEW": Series()}
    fake.watched = {"GOOG": "XNYS", "NEW": "XNYS"}
    return fake


def store(feed: FakeStack, bars: int = 1) -> None:
    asyncio.run_coroutine_threadsafe(feed.store("GOOG", bars), feed.loop).result(5)


def test_session_so_far_is_written_as_csv(tickfold: Command, feed: FakeStack) -> None:
    ended = tickfold("watch", "goog", "--once")
    lines = ended.stdout.splitlines()
    assert (ended.status, ended.stderr, lines[0]) == (0, "", HEADER)
    assert lines[1] == "3,2026-01-30T14:32Z,3.0,4.5,2.5,3.25,3000.0,,3.125"
    assert lines[-1] == "10,2026-01-30T14:39Z,10.0,11.5,9.5,10.25,10000.0,6.0,10.125"
    assert len(lines) == 9


def test_session_so_far_is_written_as_json(tickfold: Command, feed: FakeStack) -> None:
    lines = tickfold("watch", "GOOG", "--once", "--json").stdout.splitlines()
    assert [json.loads(line)["sequence"] for line in lines] == list(range(3, 11))
    assert list(json.loads(lines[0])) == HEADER.split(",")
    assert json.loads(lines[0])["sma9"] is None


def test_symbol_without_bars_is_a_header(tickfold: Command, feed: FakeStack) -> None:
    assert tickfold("watch", "NEW", "--once").stdout == f"{HEADER}\n"
    assert tickfold("watch", "NEW", "--once", "--json").stdout == ""


def test_unknown_symbol_is_refused(tickfold: Command, feed: FakeStack) -> None:
    refused = tickfold("watch", "IBM", "--once")
    assert (refused.status, refused.stdout, refused.stderr) == (3, "", "tickfold: the feed does not fetch IBM\n")


@pytest.mark.parametrize("arguments", [("a b",), ("GOOG", "--csv", "--json"), ("GOOG", "--rows", "1")])
def test_wrong_use_sends_nothing(tickfold: Command, feed: FakeStack, arguments: tuple[str, ...]) -> None:
    assert tickfold("watch", *arguments).status == 2
    assert not feed.received


def test_bars_are_written_as_they_come_until_ctrl_c(feed: FakeStack) -> None:
    process = subprocess.Popen(
        [*COMMAND, "watch", "GOOG", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        for number in range(3, 14):
            if number > 10:
                store(feed)
            assert json.loads(process.stdout.readline())["sequence"] == number
        feed.cut()
        assert process.stderr is not None
        assert process.stderr.readline() == "connection lost, reconnecting\n"
        assert process.stderr.readline() == "reconnected\n"
        store(feed)
        assert json.loads(process.stdout.readline())["sequence"] == 14
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    assert (process.returncode, rest) == (130, ("", ""))


def test_reader_that_closes_the_pipe_ends_it_quietly(feed: FakeStack) -> None:
    process = subprocess.Popen([*COMMAND, "watch", "GOOG"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{HEADER}\n"
        for _ in range(8):
            process.stdout.readline()
        process.stdout.close()
        store(feed)
        assert process.wait(SECONDS) == 141
        assert process.stderr is not None
        assert process.stderr.read() == ""
    finally:
        process.kill()


def test_session_is_drawn_on_a_terminal_as_it_grows(feed: FakeStack) -> None:
    with terminal("watch", "GOOG", columns=100) as screen:
        screen.read_until("SMA9 6.00")
        screen.read_until("VWAP 10.12")
        for shown in ("10.25", "+7.25 (+241.67 %)", "volume 52,000", "New York", "alpaca"):
            assert shown in screen.written
        store(feed)
        screen.read_until("+8.25 (+275.00 %)")
        screen.press(CTRL_C)
        assert screen.end() == 130
        assert "Traceback" not in screen.written
        assert SHOW_CURSOR in screen.written[screen.written.rindex(HIDE_CURSOR) :]


def test_sigterm_leaves_the_terminal_as_it_was(feed: FakeStack) -> None:
    with terminal("watch", "GOOG", columns=100) as screen:
        screen.read_until("SMA9 6.00")
        screen.process.send_signal(signal.SIGTERM)
        assert screen.end() == 128 + signal.SIGTERM
        assert "Traceback" not in screen.written
        assert SHOW_CURSOR in screen.written[screen.written.rindex(HIDE_CURSOR) :]


def test_terminal_that_only_appends_gets_lines(feed: FakeStack) -> None:
    with terminal("watch", "GOOG", kind="dumb") as screen:
        screen.read_until("10,2026-01-30T14:39Z")
        store(feed)
        screen.read_until("11,2026-01-30T14:40Z")
        screen.press(CTRL_C)
        assert screen.end() == 130
        assert "\x1b" not in screen.written


def test_lost_connection_is_shown_on_a_terminal(feed: FakeStack) -> None:
    with terminal("watch", "GOOG", columns=100) as screen:
        screen.read_until("10.25")
        feed.admit = lambda _token, _attempt: HTTPStatus.SERVICE_UNAVAILABLE
        feed.cut()
        screen.read_until("connection lost, reconnecting")
        store(feed)
        feed.admit = lambda _token, _attempt: None
        screen.read_until("+8.25 (+275.00 %)")
        screen.press(CTRL_C)
        assert screen.end() == 130


def test_session_so_far_is_drawn_once(feed: FakeStack) -> None:
    with terminal("watch", "GOOG", "--once", "--rows", "4", columns=100) as screen:
        assert screen.end() == 0
        lines = screen.written.splitlines()
    assert len(lines) == 1 + 4 + 5
    assert "+7.25 (+241.67 %)" in lines[0]
