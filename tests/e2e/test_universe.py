"""Universes on the embedded stack: each symbol equals its own run, and together they are one account."""

import json
from typing import Any

import numpy as np
import pytest

from embedded.stack import EmbeddedStack
from tests.e2e.error_reply import error_reason
from tests.e2e.test_backtest import table
from tests.e2e.websocket_client import SMA, Json, run, start
from tickfold.engine.bars import Bars
from tickfold.engine.calendar import MICROSECONDS_PER_DAY
from tickfold.market_data.bar_store import BarStore

SYMBOLS = ["AAPL", "FB", "IBM"]
"""FB was listed twelve years after the others: the range begins with its share in cash."""
TERMS: Json = SMA | {"commission": {"relative": 0.002, "minimum": 1}, "slippage": 0.0005, "stopLoss": 0.08}
HEADLINE = ["final_equity", "total_return", "sharpe", "max_drawdown", "trades"]


@pytest.fixture(scope="module")
def singles(stack: EmbeddedStack, url: str) -> dict[str, Json]:
    """A run of each symbol alone with its share of the capital."""
    return {symbol: run(url, start(symbol, **TERMS, startCapital=10_000 * 0.3))[-1] for symbol in SYMBOLS}


@pytest.mark.parametrize("chunks", [None, 1, 7, 50])
def test_each_symbol_equals_its_own_run(
    stack: EmbeddedStack, url: str, singles: dict[str, Json], chunks: int | None
) -> None:
    stock = [{"symbol": symbol, "share": 0.3} for symbol in SYMBOLS]
    result = run(url, start(stock, **TERMS, chunks=chunks))[-1]
    rows = {row["symbol"]: row for row in table(stack, result["runsBySymbolUri"])}
    by_symbol = {own["symbol"]: own for own in result["symbols"]}
    trades, curves = table(stack, result["tradesUri"]), table(stack, result["equityBySymbolUri"])
    assert [own["symbol"] for own in result["symbols"]] == SYMBOLS
    for symbol, single in singles.items():
        assert json.loads(rows[symbol]["metrics"]) == single["metrics"]
        assert by_symbol[symbol]["metrics"] == {name: single["metrics"][name] for name in HEADLINE}
        assert by_symbol[symbol]["bars"] == rows[symbol]["bars"] == single["bars"]
        assert [trade for trade in trades if trade["symbol"] == symbol] == table(stack, single["tradesUri"])
        own = [{name: row[name] for name in row if name != "symbol"} for row in curves if row["symbol"] == symbol]
        assert own == table(stack, single["equityUri"])
    assert result["bars"] == sum(single["bars"] for single in singles.values())
    assert result["chunks"] == sum(row["chunks"] for row in rows.values())
    assert result["sequentialBars"] == sum(single["sequentialBars"] for single in singles.values())
    assert result["replayedBars"] == sum(row["replayed_bars"] for row in rows.values())
    assert chunks is None or {row["chunks"] for row in rows.values()} == {chunks}


def test_equity_is_the_sum_of_symbols_and_unallocated_cash(
    stack: EmbeddedStack, url: str, singles: dict[str, Json]
) -> None:
    stock = [{"symbol": symbol, "share": 0.3} for symbol in SYMBOLS]
    received = run(url, start(stock, **TERMS))
    rows = table(stack, received[-1]["equityUri"])
    curves = {
        symbol: {row["timestamp"]: (row["equity"], row["cash"]) for row in table(stack, single["equityUri"])}
        for symbol, single in singles.items()
    }
    assert [row["timestamp"] for row in rows] == sorted(set().union(*curves.values()))
    latest = dict.fromkeys(SYMBOLS, (3_000.0, 3_000.0))
    for row in rows:
        latest |= {symbol: curve[row["timestamp"]] for symbol, curve in curves.items() if row["timestamp"] in curve}
        assert row["equity"] == pytest.approx(1_000 + sum(equity for equity, _ in latest.values()), rel=1e-12)
        assert row["cash"] == pytest.approx(1_000 + sum(cash for _, cash in latest.values()), rel=1e-12, abs=1e-6)
        assert row["shares"] is row["close"] is None
    streamed = [point for message in received if message["type"] == "partial" for point in message["equity"]]
    assert streamed == [[int(row["timestamp"].timestamp() * 1000), row["equity"]] for row in rows]
    assert received[-1]["metrics"]["final_equity"] == rows[-1]["equity"]
    trades = table(stack, received[-1]["tradesUri"])
    assert trades == sorted(trades, key=lambda trade: (SYMBOLS.index(trade["symbol"]), trade["exit_time"]))


def test_symbols_without_shares_get_equal_shares(url: str) -> None:
    received = run(url, start(["aapl", "ibm", "msft"], "2012-01-01", **SMA))
    assert [(own["symbol"], own["share"]) for own in received[-1]["symbols"]] == [
        ("AAPL", 1 / 3),
        ("IBM", 1 / 3),
        ("MSFT", 1 / 3),
    ]
    assert {message["symbol"] for message in received if "symbol" in message} == {"AAPL,IBM,MSFT"}
    assert received[0]["runId"].startswith("aapl-and-2-more-sma_cross-")
    assert received[1]["bars"] == received[-1]["bars"]
    assert max(message["chunksDone"] for message in received if message["type"] == "progress") == received[1]["chunks"]


def test_universe_of_one_equals_the_run_of_its_symbol(stack: EmbeddedStack, url: str) -> None:
    alone, listed = run(url, start("GOOG", **SMA))[-1], run(url, start(["GOOG"], **SMA))[-1]
    for name, value in alone["metrics"].items():
        # The market is held in dollars here, and in shares there: what follows from it differs in the last bits.
        tolerance = 1e-12 if name in ("buy_and_hold_return", "alpha", "beta") else 0
        assert listed["metrics"][name] == pytest.approx(value, rel=tolerance)
    assert table(stack, listed["tradesUri"]) == table(stack, alone["tradesUri"])
    assert {name for name in listed if name not in alone} == {"symbols", "runsBySymbolUri", "equityBySymbolUri"}


@pytest.fixture(scope="module")
def _odd_series(stack: EmbeddedStack) -> None:
    """A series of one-minute bars."""
    price = np.array([10.0, 11.0, 12.0])
    day = np.int64(15_706) * MICROSECONDS_PER_DAY  # 2013-01-01
    bars = Bars(day + np.arange(3) * 60_000_000, price, price, price, price, price)
    BarStore(stack.client("s3"), stack.outputs["bucket"]).put("MINUTES", "1m", bars, "synthetic")


BAD: dict[str, tuple[Any, str]] = {
    "unknown symbol": (start(["AAPL", "NOPE"]), "unknown symbol NOPE; known symbols: AAPL, "),
    "no bars": (
        start(["AAPL", "FB"], "2012-01-01", "2012-02-01"),
        "FB has no 1d bars from 2012-01-01 to 2012-02-01; it has 196 from 2012-05-18 to 2013-03-01",
    ),
    "twice": (start(["AAPL", "IBM", "aapl"]), "stock names AAPL more than once"),
    "none": (start([]), "stock is an empty list; name at least one symbol"),
    "too many": (start([f"S{n}" for n in range(101)]), "stock names 101 symbols; a run may have 100"),
    "more than all": (
        start([{"symbol": "AAPL", "share": 0.6}, {"symbol": "IBM", "share": 0.5}]),
        "the shares of stock add up to 1.1; they may add up to 1 at most",
    ),
    "timeframes": (
        start(["AAPL", "MINUTES"], "2013-01-01"),
        "the symbols' coarsest timeframes differ (AAPL 1d, MINUTES 1m); name one that all of them have",
    ),
    "a timeframe that one lacks": (start(["AAPL", "MINUTES"], timeframe="1w"), "AAPL has no 1w bars; it has: 1d"),
    "too many chunks for one": (
        start(["AAPL", "FB"], chunks=197),
        "chunks 197 is too many; these 196 bars of FB can be cut into 196",
    ),
}


@pytest.mark.usefixtures("_odd_series")
@pytest.mark.parametrize("case", BAD)
def test_invalid_universe_gets_one_error_and_has_no_effect(stack: EmbeddedStack, url: str, case: str) -> None:
    request, expected = BAD[case]
    assert expected in error_reason(stack, url, request)
