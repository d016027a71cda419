"""`tickfold feed list`, `add` and `remove`, against a stack's API on this machine."""

import json

import pytest

from tests.cli.conftest import Command
from tests.cli.terminal import terminal
from tests.client.fake_stack import FakeStack, Series


@pytest.fixture
def feed(fake: FakeStack) -> FakeStack:
    """A stack whose feed fetches three symbols, of one of which there are bars."""
    fake.series = {"GOOG": Series(last=10)}
    fake.watched = {"GOOG": "XNYS", "AAPL": "XNYS", "BTC/USD": "24/7"}
    return fake


def test_list_tells_how_far_each_symbol_is(tickfold: Command, feed: FakeStack) -> None:
    listed = tickfold("feed", "list")
    assert (listed.status, listed.stderr) == (0, "")
    assert listed.stdout.splitlines() == [
        "symbol,market,timeframe,last_bar,bars,provider,quarantined",
        "AAPL,XNYS,1m,,0,,0",
        "BTC/USD,24/7,1m,,0,,0",
        "GOOG,XNYS,1m,2026-01-30T14:39Z,10,alpaca,0",
    ]
    goog = json.loads(tickfold("feed", "list", "--json").stdout)[-1]
    assert (goog["symbol"], goog["bars"], goog["provider"]) == ("GOOG", 10, "alpaca")


def test_list_is_a_table_on_a_terminal(feed: FakeStack) -> None:
    with terminal("feed", "list", columns=60) as screen:
        assert screen.end() == 0
        rows = [" ".join(line.split()) for line in screen.written.splitlines()]
    assert "GOOG XNYS 1m 2026-01-30T14:39Z 10 alpaca 0" in rows


def test_empty_list_says_what_to_do(tickfold: Command, fake: FakeStack) -> None:
    assert tickfold("feed", "list").stderr == "the feed fetches no symbols: see `tickfold feed add`\n"


def test_add_takes_several_symbols_and_a_market(tickfold: Command, feed: FakeStack) -> None:
    added = tickfold("feed", "add", "msft", "ibm")
    assert (added.status, added.stdout) == (0, "the feed fetches MSFT, IBM: 5 symbols in all\n")
    assert tickfold("feed", "add", "ETH/USD", "--market", "24/7").status == 0
    assert feed.watched == {
        "GOOG": "XNYS",
        "AAPL": "XNYS",
        "BTC/USD": "24/7",
        "MSFT": "XNYS",
        "IBM": "XNYS",
        "ETH/USD": "24/7",
    }


def test_remove_tells_what_is_left(tickfold: Command, feed: FakeStack) -> None:
    removed = tickfold("feed", "remove", "goog")
    assert (removed.status, removed.stdout) == (
        0,
        "the feed fetches GOOG no longer; 2 symbols left: AAPL, BTC/USD\n",
    )
    last = tickfold("feed", "remove", "AAPL", "BTC/USD")
    assert last.stdout == "the feed fetches AAPL, BTC/USD no longer; no symbol is left\n"


def test_remove_of_unknown_symbol_removes_nothing(tickfold: Command, feed: FakeStack) -> None:
    refused = tickfold("feed", "remove", "AAPL", "GOOGL")
    assert (refused.status, refused.stdout) == (3, "")
    assert refused.stderr == "tickfold: the feed does not fetch GOOGL (did you mean GOOG?); nothing is removed\n"
    assert "AAPL" in feed.watched


@pytest.mark.parametrize("arguments", [("add", "a b"), ("add",), ("add", "GOOG", "--market", "NYSE"), ("remove",)])
def test_wrong_use_sends_nothing(tickfold: Command, feed: FakeStack, arguments: tuple[str, ...]) -> None:
    assert tickfold("feed", *arguments).status == 2
    assert not feed.received
