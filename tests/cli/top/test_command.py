"""`tickfold top` against a stack's API on this machine: in a pipe, and on a terminal."""

import asyncio
import json
import os
import signal
from collections.abc import Coroutine
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command
from tests.cli.terminal import SECONDS, Terminal, terminal
from tests.cli.top.examples import alert, allocated, filled, opened, placed, seen, step
from tests.client.fake_stack import FakeStack, Series
from tickfold.alarm import alarm
from tickfold.protocol import Error
from tickfold.protocol.journal import LimitBreached

CTRL_C = b"\x03"
LEAVES_SCREEN = "\x1b[?1049l"
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
P = "p-1"


def do(stack: FakeStack, work: Coroutine[Any, Any, None]) -> None:
    asyncio.run_coroutine_threadsafe(work, stack.loop).result(5)


def assert_left(screen: Terminal) -> None:
    """Assert that the terminal is as it was."""
    assert "Traceback" not in screen.written
    assert LEAVES_SCREEN in screen.written
    assert screen.written.rindex(SHOW_CURSOR) > screen.written.rindex(HIDE_CURSOR)
    assert screen.shows_keys()


@pytest.fixture
def feed(fake: FakeStack) -> FakeStack:
    """A stack whose feed fetches GOOG, and a portfolio that holds it and has a bot and an order."""
    fake.series, fake.watched = {"GOOG": Series(last=10, session=2)}, {"GOOG": "XNYS"}
    do(fake, fake.write(P, *opened("growth", 10_000).events))
    do(fake, fake.write(P, placed("a", 10), placed("b", 5), allocated(), step("started")))
    do(fake, fake.write(P, filled("a", 10, 101), seen(103, cross=950.0)))
    do(fake, fake.alert(alert("one", 2)))
    return fake


def test_everything_is_written_once_in_a_pipe(tickfold: Command, feed: FakeStack) -> None:
    ended = tickfold("top")
    lines = ended.stdout.splitlines()
    assert (ended.status, ended.stderr) == (0, "")
    assert lines[0].split() == ["Feed", "last", "change", "last", "bar", "age"]
    assert lines[1].split()[:5] == ["GOOG", "10.25", "+241.67", "%", "09:40"]
    assert lines[4] == "growth     active  9,970.00  -20.00    0.30 %  7,990.00       1"
    assert lines[7] == "GOOG      growth         10   101.00  103.00      +20.00"
    assert lines[10] == "cross  growth     GOOG    running  950.00  -50.00"
    assert lines[13:] == [
        "2026-01-30 09:32  alert   GOOG above 100.00: It is 101.",
        "2026-01-30 09:31  growth  buy 10 GOOG at 101.00",
    ]
    assert "\x1b" not in ended.stdout
    assert tickfold("top", "--once").stdout == ended.stdout


def test_everything_is_written_as_json(tickfold: Command, feed: FakeStack) -> None:
    found = json.loads(tickfold("top", "--json").stdout)
    assert found["portfolios"][0]["equity"] == 9_970
    assert found["portfolios"][0]["open_orders"] == 1
    assert found["feed"][0]["last"] == 10.25
    assert [row["order_id"] for row in found["fills"]] == ["a"]


def test_stack_with_nothing_says_how_to_begin(tickfold: Command, fake: FakeStack) -> None:
    ended = tickfold("top")
    assert (ended.status, ended.stderr) == (0, "")
    for command in ("tickfold feed add", "tickfold portfolio create", "tickfold order place", "tickfold alert add"):
        assert command in ended.stdout


def test_without_a_stack_it_says_so(tickfold: Command, alone: Path) -> None:
    ended = tickfold("top")
    assert (ended.status, ended.stdout) == (5, "")
    assert ended.stderr.startswith("tickfold: no stack is running and none is named")
    assert ended.stderr.count("\n") == 1


def test_stack_that_refuses_ends_it_with_the_reason(tickfold: Command, feed: FakeStack) -> None:

    feed.refusal = Error(code="conflict", reason="no rights")
    ended = tickfold("top", "--json")
    assert (ended.status, ended.stdout, ended.stderr) == (3, "", "tickfold: no rights\n")


def test_screen_follows_the_messages_until_q(feed: FakeStack) -> None:
    with terminal("top", columns=100) as screen:
        for text in ("10.25", "9,970.00", "GOOG above 100.00", "cross", "connected"):
            screen.read_until(text)
        assert not screen.shows_keys()
        do(feed, feed.store("GOOG"))
        screen.read_until("11.25")
        do(feed, feed.write(P, filled("b", 5, 104), LimitBreached(limit="drawdown", reason="lost too much")))
        for text in ("+15.00", "buy 5 GOOG at 104.00", "paused", "lost too much"):
            screen.read_until(text)
        do(feed, feed.alert(alert("two", 3, "GOOG below 9.00")))
        screen.read_until("GOOG below 9.00")
        screen.press(b"q")
        assert screen.end() == 0
        assert_left(screen)
        assert "\x1b[31m" in screen.written
    assert feed.types().count("list_portfolios") == 1


def test_lost_connection_is_shown_and_made_up_for(feed: FakeStack) -> None:
    with terminal("top", columns=120) as screen:
        screen.read_until("9,970.00")
        feed.admit = lambda _token, _attempt: HTTPStatus.SERVICE_UNAVAILABLE
        feed.cut()
        screen.read_until("reconnecting")
        do(feed, feed.store("GOOG", 2))
        do(feed, feed.write(P, seen(104)))
        feed.admit = lambda _token, _attempt: None
        screen.read_until("resumed, 3 messages caught up")
        screen.read_until("9,980.00")
        screen.press(CTRL_C)
        assert screen.end() == 130
        assert_left(screen)


def test_keys_pause_and_sort(feed: FakeStack) -> None:
    with terminal("top", columns=100) as screen:
        screen.read_until("9,970.00")
        screen.press(b"p")
        screen.read_until("paused")
        do(feed, feed.store("GOOG"))
        screen.press(b"s")
        screen.read_until("sort by equity")
        assert "11.25" not in screen.written
        screen.press(b"p")
        screen.read_until("11.25")
        screen.press(b"q")
        assert screen.end() == 0


def test_ctrl_z_gives_the_terminal_back_until_it_goes_on(feed: FakeStack) -> None:
    with terminal("top", columns=100) as screen:
        screen.read_until("9,970.00")
        screen.press(b"\x1a")
        screen.read_until(LEAVES_SCREEN)
        with alarm(SECONDS, TimeoutError("it does not stop")):
            os.waitid(os.P_PID, screen.process.pid, os.WSTOPPED)
        assert screen.shows_keys()
        do(feed, feed.store("GOOG"))
        screen.process.send_signal(signal.SIGCONT)
        screen.read_until("11.25")
        assert not screen.shows_keys()
        screen.press(b"q")
        assert screen.end() == 0
        assert_left(screen)


def test_resized_terminal_is_drawn_anew(feed: FakeStack) -> None:
    feed.series = {f"S{number}": Series(last=1) for number in range(10, 30)}
    feed.watched = dict.fromkeys(feed.series, "XNYS")
    with terminal("top", columns=100) as screen:
        screen.read_until("S29")
        assert "of 20" not in screen.written
        screen.resize(80, 24)
        screen.read_until("of 20")
        seen_so_far = len(screen.written)
        screen.press(b"\x1b[6~")
        screen.read_until("-20 of 20")
        assert "S29" in screen.written[seen_so_far:]
        screen.process.send_signal(signal.SIGTERM)
        assert screen.end() == 128 + signal.SIGTERM
        assert_left(screen)


def test_no_color_is_heeded(feed: FakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    with terminal("top", "--once", columns=100) as screen:
        assert screen.end() == 0
        assert "9,970.00" in screen.written
        assert "\x1b[31m" not in screen.written


def test_terminal_that_only_appends_gets_everything_once(feed: FakeStack) -> None:
    with terminal("top", kind="dumb") as screen:
        assert screen.end() == 0
        assert "9,970.00" in screen.written
        assert "\x1b" not in screen.written
