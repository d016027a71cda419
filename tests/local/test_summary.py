"""The summary in a notebook: its chart, its tables, and what it makes of text that comes from data."""

import re

import numpy as np
import pandas as pd
import pytest

import tickfold as tf
from tickfold.engine.calendar import MICROSECONDS_PER_DAY
from tickfold.local.equity_chart import HEIGHT, WIDTH, equity_chart
from tickfold.report import figures as report

DAYS = np.arange(4) * MICROSECONDS_PER_DAY
EQUITY = np.array([100.0, 150.0, 50.0, 120.0])


def lines(chart: str) -> list[list[tuple[float, float]]]:
    """Return the points of the chart's lines: buy and hold first."""
    return [
        [(float(x), float(y)) for x, y in (point.split(",") for point in points.split())]
        for points in re.findall(r'points="([^"]+)"', chart)
    ]


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_chart_spans_its_width_and_leaves_room_for_labels() -> None:
    held, equity = lines(equity_chart(DAYS, EQUITY, np.array([100.0, 110.0, 120.0, 200.0])))
    assert [x for x, _ in equity] == [0, 240, 480, WIDTH]
    assert equity[2][1] == HEIGHT - 28  # the lowest of both
    assert held[3][1] == 34  # the highest of both
    assert equity[1][1] == pytest.approx(34 + (HEIGHT - 62) / 3, abs=0.05)


def test_chart_labels_dollars_and_days() -> None:
    chart = equity_chart(DAYS, EQUITY, EQUITY / 2)
    assert text_of(chart) == "150.00 25.00 1970-01-01 1970-01-04 Equity 120.00 Buy and hold 60.00"
    assert 'fill="currentColor"' in chart  # dark notebooks
    for colour, name in ((report.EQUITY, "Equity"), (report.BENCHMARK, "Buy and hold")):
        assert f'fill="{colour}">{name} ' in chart
        assert f'stroke="{colour}"' in chart
    assert chart.count('text-anchor="end"') == chart.count(f'x="{WIDTH}"') == 3
    assert chart.count('text-anchor="start"') == chart.count('x="0"') == 3


def test_chart_of_a_flat_curve_is_a_line() -> None:
    held, equity = lines(equity_chart(DAYS, np.full(4, 100.0), np.full(4, 100.0)))
    assert {y for _, y in held + equity} == {34.0}


def test_chart_of_a_long_run_keeps_the_extremes_of_both() -> None:
    count = 20_000
    equity, held = np.full(count, 100.0), np.full(count, 100.0)
    equity[12_345], held[6_789] = 200.0, 50.0
    drawn = lines(equity_chart(np.arange(count) * MICROSECONDS_PER_DAY, equity, held))
    assert max(map(len, drawn)) < 1_500
    assert min(y for _, y in drawn[1]) == 34
    assert max(y for _, y in drawn[0]) == HEIGHT - 28


def test_summary_has_heading_metrics_and_notes(goog_frame: pd.DataFrame) -> None:
    text = text_of(tf.backtest(goog_frame, "sma_cross", symbol="GOOG")._repr_html_())
    assert text.startswith("sma_cross (fast 10, slow 30) on GOOG , 1d, 2,148 bars, 2004-08-19 to 2013-03-01")
    assert "2013-03-01 80,411.60 9,173.46 2004-08-19 2013-03-01 Equity 51,422.99" in text
    assert "Buy and hold 80,345.82 Return Final equity 51,422.99 Peak equity" in text
    assert "Risk Annual volatility 36.50 %" in text
    assert text.endswith("times are UTC")
    assert "No trades" not in text
    assert text_of(tf.backtest(goog_frame)._repr_html_()).startswith("buy_and_hold on BARS")


def test_summary_says_why_there_are_no_trades(goog_frame: pd.DataFrame) -> None:
    idle = tf.backtest(goog_frame, "sma_cross", fast=2_000, slow=5_000)
    assert f"No trades: {idle.no_trades}" in text_of(idle._repr_html_())


def test_summary_of_one_bar_has_no_chart(goog_frame: pd.DataFrame) -> None:
    assert "<svg" not in tf.backtest(goog_frame.iloc[:1], timeframe="1d")._repr_html_()


def test_summary_of_a_sweep_ranks_and_shows_the_best(goog_frame: pd.DataFrame) -> None:
    swept = tf.sweep(goog_frame, "sma_cross", fast=range(1, 13), slow=[30])
    text = text_of(swept._repr_html_())
    assert text.startswith("12 runs by Sharpe fast slow Sharpe Final equity Return Drawdown Trades 1 ")
    assert len(re.findall(r"\d+ 30 \d", text)) == 10
    assert "left out" not in text
    assert text_of(swept.best._repr_html_()) in text


def test_summary_of_a_walk_forward_has_its_windows(goog_frame: pd.DataFrame) -> None:
    walked = tf.walk_forward(goog_frame, "sma_cross", in_sample=300, out_of_sample=100, fast=[5, 10], rank="calmar")
    text = text_of(walked._repr_html_())
    assert "Traded from fast slow Calmar in sample Return in sample Calmar traded Return traded 2005-10-" in text
    assert "… and 8 windows more" in text
    several = tf.walk_forward(goog_frame, "sma_cross", in_sample=1_500, out_of_sample=500, fast=[5, 10])
    assert len(several.windows) == 1
    assert "more" not in text_of(several._repr_html_()).partition("Return Final")[0]


def test_text_from_data_is_escaped(goog_frame: pd.DataFrame) -> None:
    assert "<b>A&amp;B</b>" in tf.backtest(goog_frame, symbol="A&B")._repr_html_()
    assert ">A&amp;B</td>" in tf.universe({"A&B": goog_frame, "C": goog_frame})._repr_html_()
