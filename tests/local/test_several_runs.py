"""`sweep`, `walk_forward` and `universe`: many runs in one call, each equal to a run of its own."""

import base64
import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import tickfold as tf
from tests.report.browser import browser


def test_sweep_ranks_its_runs(goog_frame: pd.DataFrame) -> None:
    swept = tf.sweep(goog_frame, "sma_cross", fast=range(5, 50, 5), slow=np.array([30, 50]), rank="max_drawdown")
    assert (len(swept), swept.left_out, swept.rank_by) == (14, 4, "max_drawdown")
    assert list(swept.table.columns[:4]) == ["rank", "fast", "slow", "final_equity"]
    assert swept.table["max_drawdown"].is_monotonic_decreasing
    best = swept.table.iloc[0]
    assert dict(swept.best.parameters) == {"fast": best["fast"], "slow": best["slow"]}
    last = swept.table.iloc[-1]
    alone = tf.backtest(goog_frame, "sma_cross", fast=int(last["fast"]), slow=int(last["slow"]))
    assert [alone.metrics[name] for name in ("sharpe", "beta")] == [last["sharpe"], last["beta"]]
    assert repr(swept).startswith("14 runs by Max drawdown, 4 left out")


def test_sweep_takes_one_value_and_ranges_of_decimals(goog_frame: pd.DataFrame) -> None:
    swept = tf.sweep(goog_frame, "bollinger_reversion", deviations={"from": 1, "to": 2, "step": 0.5}, window=20)
    assert sorted(swept.table["deviations"]) == [1, 1.5, 2]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"rank": "luck"}, "unknown metric 'luck' to rank by; known metrics: final_equity"),
        ({"fast": [5, 5]}, "parameter fast has a value twice"),
        ({"fast": []}, "parameter fast has no values"),
        ({"fast": range(1, 2_000)}, "the parameters have 1,999 combinations; a sweep may have 1,000 at most"),
        ({"fast": "fives"}, "parameters.fast"),
    ],
)
def test_sweep_that_cannot_be_run_is_told(goog_frame: pd.DataFrame, options: dict[str, Any], told: str) -> None:
    with pytest.raises(tf.RunError) as caught:
        tf.sweep(goog_frame, "sma_cross", **options)
    assert str(caught.value).startswith(told)


def test_walk_forward_has_its_windows(goog_frame: pd.DataFrame) -> None:
    walked = tf.walk_forward(goog_frame, "sma_cross", in_sample=500, out_of_sample=300, fast=[5, 10], slow=[30, 60])
    assert list(walked.windows["window_number"]) == [1, 2, 3, 4, 5]
    assert set(walked.windows["fast"]) <= {5, 10}
    assert len(walked.equity) == 5 * 300
    assert walked.unused_bars == len(goog_frame) - 500 - 5 * 300
    assert f"1,500 bars, {goog_frame.index[500].date()} … {goog_frame.index[1999].date()}" in repr(walked)
    assert walked.equity["timestamp"].iloc[0] == walked.windows["out_of_sample_start"].iloc[0]


def test_walk_forward_without_room_for_a_window_is_told(goog_frame: pd.DataFrame) -> None:
    with pytest.raises(tf.RunError, match="the range has 2,148 bars; a window of 2,000 bars in sample and 500 out of"):
        tf.walk_forward(goog_frame, "sma_cross", in_sample=2_000, out_of_sample=500, fast=5)
    with pytest.raises(tf.RunError, match="in_sample 0: input should be greater than or equal to 1"):
        tf.walk_forward(goog_frame, "sma_cross", in_sample=0, out_of_sample=500, fast=5)


def test_universe_is_one_account(goog_frame: pd.DataFrame) -> None:
    found = tf.universe({"goog": goog_frame, "LATE": goog_frame.iloc[300:]}, "momentum", capital=20_000)
    assert list(found.by_symbol) == list(found.symbols["symbol"]) == ["GOOG", "LATE"]
    alone = tf.backtest(goog_frame, "momentum", capital=10_000, symbol="GOOG")
    assert found.by_symbol["GOOG"].metrics == alone.metrics
    pd.testing.assert_frame_equal(found.by_symbol["GOOG"].trades, alone.trades)
    ends = [each.metrics["final_equity"] for each in found.by_symbol.values()]
    assert found.metrics["final_equity"] == pytest.approx(sum(end for end in ends if end), rel=1e-12)
    assert set(found.trades["symbol"]) == {"GOOG", "LATE"}
    assert list(found.equity_by_symbol.columns) == ["symbol", "timestamp", "equity", "cash", "shares", "close"]


def test_universe_says_why_a_symbol_or_all_have_no_trades(goog_frame: pd.DataFrame) -> None:
    short = goog_frame.iloc[-20:]
    some = tf.universe({"GOOG": goog_frame, "NEW": short}, "sma_cross")
    why = some.by_symbol["NEW"].no_trades
    assert (some.no_trades, some.symbols["no_trades"][1]) == (None, why)
    every = tf.universe({"NEW": short, "NEWER": short}, "sma_cross")
    assert every.no_trades == f"NEW: {why}; and 1 more without trades, each with its own cause"


def test_notes_of_a_universe_are_told_once(goog_frame: pd.DataFrame) -> None:
    backwards = goog_frame.iloc[::-1]
    assert tf.universe({"A": goog_frame, "B": backwards}).notes == (
        "times are UTC",
        "B: rows were out of order: sorted by time",
    )


def test_universe_of_a_frame_with_several_tickers(goog_frame: pd.DataFrame) -> None:
    several = pd.concat({"GOOG": goog_frame, "HALF": goog_frame / 2}, axis="columns").swaplevel(axis="columns")
    found = tf.universe(several, shares={"goog": 0.5, "half": "25%"})
    assert list(found.symbols["start_capital"]) == [5_000, 2_500]
    assert found.by_symbol["GOOG"].metrics == tf.backtest(goog_frame, capital=5_000).metrics


def test_universe_of_a_frame_with_a_column_of_symbols(goog_frame: pd.DataFrame) -> None:
    long = pd.concat([goog_frame.assign(Ticker="goog"), (goog_frame / 2).assign(Ticker="half")]).reset_index(
        names="date"
    )
    found = tf.universe(pl.from_pandas(long), "sma_cross")
    assert list(found.by_symbol) == ["GOOG", "HALF"]
    assert found.by_symbol["GOOG"].metrics == tf.backtest(goog_frame, "sma_cross", capital=5_000).metrics
    with pytest.raises(tf.RunError, match="bars is a DataFrame: expected the bars of each symbol"):
        tf.universe(goog_frame)


@pytest.mark.parametrize(
    ("bars", "options", "told"),
    [
        ({}, {}, "bars is empty: expected the bars of each symbol"),
        ([1], {}, "bars is a list: expected the bars of each symbol"),
        ("frames", {"shares": {"A": 0.5}}, "shares are given for A, and the bars are of A, B"),
        ("frames", {"shares": {"A": 0.5, "B": 50}}, "stock.1.share 50"),
        ("frames", {"shares": {"A": 0.5, "B": 0.6}}, "the shares of stock add up to 1.1"),
    ],
)
def test_universe_that_cannot_be_run_is_told(
    goog_frame: pd.DataFrame, bars: Any, options: dict[str, Any], told: str
) -> None:
    with pytest.raises(tf.RunError) as caught:
        tf.universe({"A": goog_frame, "B": goog_frame} if bars == "frames" else bars, **options)
    assert str(caught.value).startswith(told)


def test_report_of_a_universe_shows_each_symbol(goog_frame: pd.DataFrame, tmp_path: Path) -> None:
    late = goog_frame.iloc[300:]
    shares = {"GOOG": 0.5, "LATE": "25%"}
    found = tf.universe({"GOOG": goog_frame, "LATE": late}, "sma_cross", shares=shares, capital=8_000)
    html = found.report(tmp_path / "universe.html").read_text()
    text = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", html))
    assert "GOOG, LATE 1d sma_cross (fast 10, slow 30)" in text
    assert "3,996 of 2 symbols in 2 chunks, 0 replayed by the fold" in text
    own = found.by_symbol["LATE"].equity["equity"].iloc[-1]
    assert f"LATE 25.00 % 1,848 {own:,.2f}" in text
    assert "Gain by symbol, dollars" in text
    assert "Trades on price" not in text
    (figure,) = re.findall(r'id="equity-figure">(.*?)</script>', html)
    benchmark = numbers(json.loads(figure)["data"][0]["y"])
    growth = [bars["Close"].iloc[-1] / bars["Close"].iloc[0] for bars in (goog_frame, late)]
    assert benchmark[-1] == pytest.approx(2_000 + 4_000 * growth[0] + 2_000 * growth[1])
    (figure,) = re.findall(r'id="symbols-figure">(.*?)</script>', html)
    gains = {line["name"]: numbers(line["y"])[-1] for line in json.loads(figure)["data"]}
    assert gains == {"GOOG": found.by_symbol["GOOG"].equity["equity"].iloc[-1] - 4_000, "LATE": own - 2_000}


def test_report_of_a_universe_is_drawn_without_a_network(goog_frame: pd.DataFrame, tmp_path: Path) -> None:
    many = {f"S{number}": goog_frame.iloc[number * 100 :] for number in range(14)}
    path = tf.universe(many, "sma_cross").report(tmp_path / "universe.html")
    with browser() as page:
        page.open(path)
        assert page.complaints == []
        assert [url.partition(":")[0] for url in page.requested] == ["file"]
        drawn = "document.querySelector('[data-figure=symbols-figure]').querySelectorAll('.trace').length"
        assert page.evaluate(drawn) == 12
    assert "The chart draws the 12 of 14 symbols that won or lost most dollars." in path.read_text()


def numbers(packed: dict[str, str]) -> list[float]:
    """Return what plotly.js reads from its binary form."""
    return list(map(float, np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"])))


LONG = """
import itertools
from typing import ClassVar
import numpy as np, pandas as pd, tickfold as tf

class Endless(tf.Strategy):
    name: ClassVar[str] = "endless"
    number: int = 1

    @property
    def lookback(self) -> int:
        return 0

    def signals(self, bars):
        print("begun", flush=True)
        for _ in itertools.count():
            pass

close = pd.Series(1.0, index=pd.date_range("2000-01-01", periods=100))
try:
    tf.sweep(pd.DataFrame({"open": close, "high": close, "low": close, "close": close}), Endless, number=[1, 2])
except KeyboardInterrupt:
    print("interrupted")
"""


def test_interrupt_ends_a_sweep() -> None:
    command = [sys.executable, "-c", LONG]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "begun\n"
            child.send_signal(signal.SIGINT)
            ended = (*child.communicate(timeout=60), child.returncode)
        finally:
            child.kill()
    assert ended == ("interrupted\n", "", 0)
