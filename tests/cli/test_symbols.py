"""How one symbol or several are given on the command line, and how they are shown."""

import pytest
import typer

from tests.cli.conftest import Command
from tests.client.fake_stack import FakeStack
from tickfold.cli.symbols import allocations
from tickfold.protocol import Error
from tickfold.protocol.symbol import shown_symbols

DAYS = ("--start", "2012-01-01", "--end", "2013-03-01")


@pytest.mark.parametrize(
    ("options", "stock"),
    [
        (["--symbol", "goog"], "GOOG"),
        (["--symbol", "aapl,ibm"], ["AAPL", "IBM"]),
        (["--symbol", "aapl, ibm", "--symbol", "msft"], ["AAPL", "IBM", "MSFT"]),
        (["--symbol", "aapl=0.25"], [{"symbol": "AAPL", "share": 0.25}]),
        (
            ["--symbol", "aapl=.25,ibm=0.5", "--symbol", "gc=f=0.1"],
            [
                {"symbol": "AAPL", "share": 0.25},
                {"symbol": "IBM", "share": 0.5},
                {"symbol": "GC=F", "share": 0.1},
            ],
        ),
        (["--symbol", "gc=f,eurusd=x"], ["GC=F", "EURUSD=X"]),
        (["--symbol", "aapl=70%,ibm=5bp"], [{"symbol": "AAPL", "share": 0.7}, {"symbol": "IBM", "share": 0.0005}]),
        (["--symbol", "gc=f=100%"], [{"symbol": "GC=F", "share": 1}]),
        (["--symbol", "es=f=70%,btc/usd=0.2"], [{"symbol": "ES=F", "share": 0.7}, {"symbol": "BTC/USD", "share": 0.2}]),
        (["--symbol", "^gspc,.inx,brk.b,m&m,äö"], ["^GSPC", ".INX", "BRK.B", "M&M", "ÄÖ"]),
        (["--symbol", "a\u0308=50%"], [{"symbol": "Ä", "share": 0.5}]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) and isinstance(value[0], str) else "",
)
def test_symbols_become_stock_of_request(tickfold: Command, fake: FakeStack, options: list[str], stock: object) -> None:
    fake.refusal = Error(reason="enough")
    assert tickfold("run", *options, *DAYS).stderr == "tickfold: enough\n"
    assert fake.received[0]["config"]["stock"] == stock


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--symbol", "a,a"], "--symbol names A more than once"),
        (["--symbol", "a=0.7,b=0.7"], "the shares of --symbol add up to 1.4; they may add up to 1 at most"),
        (["--symbol", "a=0.7,b"], "--symbol has symbols with and without a share"),
        (["--symbol", "a=0"], "--symbol 0.0: input should be greater than 0"),
        (["--symbol", "a=-0.5"], "--symbol -0.5: input should be greater than 0"),
        (
            ["--symbol", "a,b c"],
            "--symbol 'b c': a symbol has 1 to 20 letters and digits of any script",
        ),
        (
            ["--symbol", ",".join(f"s{number}" for number in range(101))],
            "--symbol names 101 symbols; a run may have 100",
        ),
    ],
)
def test_invalid_symbols_are_refused_and_send_nothing(
    alone: object, tickfold: Command, monkeypatch: pytest.MonkeyPatch, options: list[str], reason: str
) -> None:
    monkeypatch.setenv("TICKFOLD_WEBSOCKET_URL", "ws://127.0.0.1:1/nobody")
    ended = tickfold("run", *options, *DAYS)
    assert (ended.status, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"tickfold: {reason}")


@pytest.mark.parametrize("text", ["", "a,,b", "a,"])
def test_empty_symbol_is_usage_error(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="has an empty symbol"):
        allocations(text)


@pytest.mark.parametrize(
    ("joined", "said"),
    [
        ("GOOG", "GOOG"),
        ("A,B,C,D,E", "A, B, C, D, E"),
        ("A,B,C,D,E,F,G", "A, B, C, D, E and 2 more"),
    ],
)
def test_many_symbols_are_shortened(joined: str, said: str) -> None:
    assert shown_symbols(joined) == said
