"""The page's text: its figures, and what it makes of text that comes from data."""

import re
from dataclasses import replace
from html import unescape

import numpy as np
import pytest

from tests.report.conftest import recorded
from tickfold.backtests.recorded_run import RecordedRun
from tickfold.engine.bars import Bars
from tickfold.report.page import page
from tickfold.report.plotly_js import plotly_js

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>&\"'"


def text_of(html: str) -> str:
    """Return what a reader sees of the page without its charts."""
    body = re.sub(r"(?s)<(script|style).*?</\1>", "", html[html.index("<body>") :])
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


def test_page_of_golden_run_is_complete(golden_run: RecordedRun) -> None:
    text = text_of(page(golden_run, ""))
    for told in (
        "GOOG 1d sma_cross (fast 10, slow 30)",
        "range 2004-08-19 to 2013-03-01",
        "2,148 in 7 chunks, 185 replayed by the fold",
        "Total return 414.23 % buy and hold 703.46 %",
        "Max drawdown -47.98 %",
        "Turnover a year 15.3 ×",
        "2011-07-26 2012-07-12 not yet -47.98 % 584",
        "Sharpe 0.581 0.798 Sortino 1.085 1.206 Annual volatility 36.50 % 29.49 %",
        "Long 33 54.5 % 44,952.57",
        "signal 65 ",
        "end 1 ",
        "commission none, spread none, slippage none",
    ):
        assert told in text


def test_page_labels_every_metric(golden_run: RecordedRun) -> None:
    html = page(golden_run, "")
    section = html[html.index('id="metrics"') : html.index('id="equity"')]
    assert section.count('<th scope="row">') == len(golden_run.result.metrics)
    assert "<h3>Other</h3>" not in section


def test_data_is_escaped(golden_run: RecordedRun) -> None:
    result = golden_run.result.model_copy(
        update={"symbol": HOSTILE, "timeframe": HOSTILE, "run_id": HOSTILE, "metrics": {HOSTILE: 1.0}}
    )
    html = page(replace(golden_run, result=result), "")
    assert "<img" not in html
    assert html.count("<script>") == 2  # plotly.js and the page's own
    assert text_of(html).count(HOSTILE) == 4


def test_page_has_no_external_references(golden_run: RecordedRun) -> None:
    html = page(golden_run, "")
    assert not re.search(r"(?i)\b(src|href|srcset|action)\s*=|url\(|@import", html)
    assert "default-src 'none'" in unescape(html)


def test_script_end_inside_plotly_is_escaped(golden_run: RecordedRun) -> None:
    assert page(golden_run, "'</script>'").count("</script>") == page(golden_run, "").count("</script>")


def test_run_without_trades_has_page(goog: Bars) -> None:
    text = text_of(page(recorded(goog[:20], strategy="sma_cross", parameters={"fast": 10, "slow": 30}), ""))
    assert "The run closed no trade." in text
    assert "Equity never fell below an earlier peak." in text


def test_strategy_of_another_machine_has_page(golden_run: RecordedRun) -> None:
    own = golden_run.result.model_copy(update={"strategy": "somebody_elses"})
    assert "Total return 414.23 % buy and hold 703.46 %" in text_of(page(replace(golden_run, result=own), ""))


@pytest.mark.parametrize("bars", [1, 2, 3])
def test_shortest_runs_have_page(goog: Bars, bars: int) -> None:
    assert f"{bars} in 7 chunks" in text_of(page(recorded(goog[:bars]), ""))


def test_page_of_million_bars_is_below_one_megabyte(minutes: Bars) -> None:
    html = page(recorded(minutes, strategy="sma_cross", parameters={"fast": 10, "slow": 30}), plotly_js())
    assert len(html) - len(plotly_js()) < 1_000_000
    text = text_of(html)
    assert re.search(r"The charts draw 3,\d\d\d of 1,000,000 bars", text)
    assert re.search(r"The chart draws the 1,000 of \d\d,\d\d\d trades that won or lost most dollars", text)
    assert "by the fold" in text


def test_ruined_account_has_page(goog: Bars) -> None:
    close = np.array([100.0, 100.0, 100.0, 300.0, 300.0])
    few = goog[:5]
    bars = Bars(few.timestamp, close, close, close, close, few.volume)
    run = recorded(bars, strategy="sma_cross", parameters={"fast": 1, "slow": 2})
    ruined = replace(run.curve, equity=np.array([100.0, 50.0, -20.0, -20.0, -20.0]))
    text = text_of(page(replace(run, curve=replace(ruined, capital=100.0)), ""))
    assert "logarithmic" not in text
    assert "-120.0" in text
