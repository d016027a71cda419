"""The commands about portfolios and orders against the embedded stack."""

import json
import re
import secrets
from collections.abc import Iterator

import pytest

from embedded.stack import EmbeddedStack
from tests.cli.conftest import Command
from tests.cli.terminal import terminal
from tests.e2e.fed_symbol import FedSymbol, fed_symbol


@pytest.fixture
def fed(stack: EmbeddedStack) -> Iterator[FedSymbol]:
    with fed_symbol(stack) as fed:
        yield fed


def test_portfolio_is_created_traded_shown_and_stopped(tickfold: Command, fed: FedSymbol) -> None:
    name = f"p{secrets.token_hex(4)}"

    def said(*arguments: str) -> str:
        ended = tickfold(*arguments)
        assert ended.status == 0, ended.stderr
        return ended.stdout

    assert said("portfolio", "create", name, "--cash", "10,000", "--slippage", "1%").endswith("has $10,000.00\n")
    placed = said("order", "place", name, "buy", "10", fed.symbol, "--stop-loss", "50", "--id", "a")
    assert placed == f"order a is working: buy 10 {fed.symbol}\n"
    fed.feed(6, 6)
    fed.trade(6, 6)
    price = fed.bars[5].bar.open * 1.01
    (trade,) = json.loads(said("portfolio", "trades", name, "--json"))
    assert (trade["symbol"], trade["action"], trade["shares"], trade["price"]) == (fed.symbol, "buy", 10, price)
    (position,) = json.loads(said("portfolio", "positions", name, "--json"))
    assert (position["shares"], position["average_price"]) == (10, price)
    figures = {row["figure"]: row["value"] for row in json.loads(said("portfolio", "show", name, "--json"))}
    assert (figures["cash"], figures["status"]) == (10_000 - 10 * price, "active")
    assert said("portfolio", "deposit", name, "5").startswith(f"{name} has $")
    assert said("portfolio", "limits", name, "--drawdown", "20%") == f"limits of {name}: drawdown\n"
    assert said("order", "change", name, "a.stop", "--stop", "60") == "order a.stop is working: sell 10\n"
    listed = json.loads(said("order", "list", name, "--all", "--json"))
    assert [(row["order_id"], row["status"], row["stop"]) for row in listed] == [
        ("a.stop", "working", 60),
        ("a", "filled", None),
    ]
    assert said("order", "cancel", name) == "cancelled; 0 open orders left\n"
    assert said("order", "close", name, fed.symbol).endswith(f"is working: sell 10 {fed.symbol}\n")
    assert said("portfolio", "kill", name).startswith(f"{name} is killed; ")
    assert said("portfolio", "lift", name) == f"{name} is active\n"
    lines = [json.loads(line) for line in said("portfolio", "journal", name).splitlines()]
    assert [line["sequence"] for line in lines] == list(range(1, len(lines) + 1))
    assert lines[0]["events"][0]["type"] == "opened"
    assert name in said("portfolio", "list")


def test_top_shows_an_order_from_its_placing_to_its_fill(
    tickfold: Command, stack: EmbeddedStack, fed: FedSymbol, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"p{secrets.token_hex(4)}"
    monkeypatch.setenv("TICKFOLD_TOKEN", stack.token(name))  # of a user whom no alerts tell of other tests' runs
    assert tickfold("portfolio", "create", name, "--cash", "10,000").status == 0
    with terminal("top", columns=120, rows=60) as screen:
        for text in (name, fed.symbol, "connected"):
            screen.read_until(text)
        assert tickfold("order", "place", name, "buy", "10", fed.symbol, "--id", "a").status == 0
        fed.feed(6, 6)
        fed.trade(6, 6)
        bar = fed.bars[5].bar
        screen.read_until(f"buy 10 {fed.symbol} at {bar.open:,.2f}")
        screen.read_until(f"{10_000 - 10 * bar.open + 10 * bar.close:,.2f}")
        screen.press(b"q")
        assert screen.end() == 0
    shown = json.loads(tickfold("top", "--json").stdout)
    (row,) = [row for row in shown["portfolios"] if row["name"] == name]
    assert (row["open_orders"], row["equity"]) == (0, 10_000 - 10 * bar.open + 10 * bar.close)
    (position,) = [row for row in shown["positions"] if row["portfolio"] == name]
    assert (position["symbol"], position["shares"], position["last_price"]) == (fed.symbol, 10, bar.close)
    (symbol,) = [row for row in shown["feed"] if row["symbol"] == fed.symbol]
    assert symbol["last"] == bar.close


def test_bot_goes_on_from_a_run_equals_it_and_leaves_its_position(
    tickfold: Command, stack: EmbeddedStack, fed: FedSymbol, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"p{secrets.token_hex(4)}"
    bot = ("cross", "--portfolio", name)

    def said(*arguments: str) -> str:
        ended = tickfold(*arguments)
        assert ended.status == 0, ended.stderr
        return ended.stdout

    def trade(first: int, last: int) -> None:
        fed.feed(first, last)
        event = json.dumps({"detail": {"symbols": [fed.symbol]}})
        stack.client("lambda").invoke(FunctionName="tickfold-embedded-trade:live", Payload=event)

    said("portfolio", "create", name, "--cash", "50,000")
    tested = ("--symbol", fed.symbol, "--timeframe", "1m", "--start", "2026-01-30", "--end", "2026-01-30")
    run = said("run", *tested, "--strategy", "buy_and_hold", "--slippage", "1%", "--detach").strip()
    said("attach", run)
    made = said("bot", "create", *bot, "--from-run", run, "--drawdown", "20%")
    assert made == f"bot cross is running: buy_and_hold on {fed.symbol} with $10,000.00\n"
    nothing = tickfold("bot", "compare", *bot)
    assert (nothing.status, nothing.stdout) == (3, "")
    assert "bot cross has stepped no bar yet" in nothing.stderr
    trade(6, 9)
    figures = {row["figure"]: row["value"] for row in json.loads(said("bot", "show", *bot, "--json"))}
    price = fed.bars[6].bar.open * 1.01  # decided at the close of its first bar
    assert (figures["from_run"], figures["code"], figures["bars"]) == (run, figures["run_code"], 4)
    assert (figures["shares"], figures["entry_price"], figures["limit drawdown"]) == (10_000 // price, price, "0.2")
    assert said("bot", "pause", *bot) == "bot cross is paused\n"
    assert said("bot", "resume", *bot) == "bot cross is running\n"
    assert said("bot", "limits", *bot, "--position", "20,000") == "limits of bot cross: position\n"
    trade(10, 12)
    compared = json.loads(said("bot", "compare", *bot, "--json"))
    assert {row["figure"] for row in compared} >= {"bars", "cash", "shares", "equity"}
    assert all(row["equal"] for row in compared)
    (listed,) = json.loads(said("bot", "list", "--portfolio", name, "--json"))
    assert (listed["bot"], listed["status"], listed["shares"]) == ("cross", "running", figures["shares"])
    refused = tickfold("bot", "stop", *bot)
    assert (refused.status, refused.stdout) == (2, "")
    assert f"this closes {figures['shares']:g} shares of {fed.symbol} at the market" in refused.stderr
    assert "are the portfolio's, without a stop" in said("bot", "stop", *bot, "--positions", "keep")
    (position,) = json.loads(said("portfolio", "positions", name, "--json"))
    assert (position["shares"], position["average_price"]) == (figures["shares"], price)
    monkeypatch.setenv("_TICKFOLD_COMPLETE", "complete_zsh")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", f"tickfold bot show --portfolio {name} ")
    assert re.findall(r'"([^"]+)"', tickfold().stdout) == ["cross"]
    monkeypatch.delenv("_TICKFOLD_COMPLETE")
    unknown = tickfold("bot", "show", "crss", "--portfolio", name)
    assert unknown.status == 3
    assert "(did you mean cross?)" in unknown.stderr


def test_trading_is_switched_off_and_on_again(tickfold: Command, fed: FedSymbol) -> None:
    name = f"p{secrets.token_hex(4)}"
    order = ("order", "place", name, "buy", "1", fed.symbol)
    assert tickfold("portfolio", "create", name, "--cash", "1000").status == 0
    assert tickfold("trading", "set", "TRADING_ENABLED", "off").stdout == "TRADING_ENABLED is off\n"
    try:
        refused = tickfold(*order)
        assert (refused.status, refused.stdout) == (3, "")
        assert "trading is switched off in this stack" in refused.stderr
    finally:
        assert tickfold("trading", "set", "TRADING_ENABLED", "on").status == 0
    assert tickfold(*order).status == 0
    shown = tickfold("trading", "show").stdout
    assert shown == "switch,value\nTRADING_ENABLED,on\nPAPER_TRADING,on\n"
    last, first, *_ = json.loads(tickfold("trading", "changes", "--json").stdout)
    assert [(each["switch"], each["from"], each["to"]) for each in (first, last)] == [
        ("TRADING_ENABLED", "on", "off"),
        ("TRADING_ENABLED", "off", "on"),
    ]
    assert last["by"].startswith("arn:aws:")


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        (("portfolio", "show", "nothing"), 3, "you have no portfolio nothing"),
        (
            ("order", "place", "p", "buy", "1", "GOOG", "--trail", "2%", "--limit", "3"),
            2,
            "limit: a trailing_stop order",
        ),
        (("order", "place", "p", "buy", "1", "GOOG", "--trail", "200%"), 2, "trail"),
        (("portfolio", "create", "a b"), 2, "name"),
        (("portfolio", "deposit", "p", "-5"), 2, ""),
        (("order", "change", "p", "a"), 2, "nothing to change"),
    ],
)
def test_wrong_use_is_told(tickfold: Command, arguments: tuple[str, ...], status: int, reason: str) -> None:
    ended = tickfold(*arguments)
    assert (ended.status, ended.stdout) == (status, "")
    assert reason in ended.stderr
