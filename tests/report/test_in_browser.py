"""The page in a real browser, without a network: its charts are drawn, and it asks for nothing and complains of
nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.report.browser import Page, browser
from tests.report.conftest import recorded
from tickfold.backtests.recorded_run import RecordedRun
from tickfold.engine.bars import Bars
from tickfold.report.page import page
from tickfold.report.plotly_js import plotly_js

CHARTS = ["equity-figure", "drawdown-figure", "trades-figure", "distribution-figure"]


@pytest.fixture(scope="module")
def opened(golden_run: RecordedRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The golden run's report, open on a desktop screen."""
    path = tmp_path_factory.mktemp("report") / "golden.html"
    path.write_text(page(golden_run, plotly_js()), encoding="utf-8")
    with browser() as it:
        it.screen(1280, 900)
        it.open(path)
        yield it


@pytest.fixture
def opened_empty() -> Iterator[Page]:
    """A browser of its own, with an empty page."""
    with browser() as it:
        yield it


def width_of(page: Page) -> int:
    width: int = page.evaluate("document.documentElement.scrollWidth")
    return width


def test_page_sends_no_request_and_logs_no_error(opened: Page) -> None:
    assert [url.partition(":")[0] for url in opened.requested] == ["file"]
    assert opened.complaints == []


def test_harness_sees_requests_and_errors(opened_empty: Page, tmp_path: Path) -> None:
    path = tmp_path / "wrong.html"
    path.write_text('<img src="absent.png"><script>missing()</script>')
    opened_empty.open(path)
    assert [url.rpartition("/")[2] for url in opened_empty.requested] == ["wrong.html", "absent.png"]
    assert "missing is not defined" in "".join(opened_empty.complaints)


def test_every_chart_is_drawn(opened: Page) -> None:
    assert opened.evaluate("[...document.querySelectorAll('[data-figure]')].map((box) => box.dataset.figure)") == CHARTS
    drawn = "[...document.querySelectorAll('[data-figure]')].map((box) => box.querySelectorAll('.trace').length)"
    assert opened.evaluate(drawn) == [2, 1, 7, 1]
    lines = "document.querySelector('[data-figure=equity-figure]').calcdata.map((line) => line.length)"
    assert opened.evaluate(lines) == [2148, 2148]
    assert opened.evaluate("document.querySelectorAll('[data-figure=trades-figure] .point').length") == 4 * 33


def test_zoom_is_shared_by_charts(opened: Page) -> None:
    opened.evaluate(
        "Plotly.relayout(document.querySelector('[data-figure=drawdown-figure]'),"
        " {'xaxis.range': ['2008-01-01', '2009-01-01']}).then(() => new Promise((done) => setTimeout(done, 300)))"
    )
    ranges = "[...document.querySelectorAll('[data-figure]')].slice(0, 3).map((box) => box.layout.xaxis.range)"
    assert opened.evaluate(ranges) == [["2008-01-01", "2009-01-01"]] * 3


def test_equity_axis_can_be_logarithmic(opened: Page) -> None:
    opened.evaluate("document.querySelector('[data-logarithmic]').click()")
    assert opened.evaluate("document.querySelector('[data-figure=equity-figure]').layout.yaxis.type") == "log"


def test_page_follows_colour_scheme_and_prints_light(opened: Page) -> None:
    paper = "document.querySelector('[data-figure=equity-figure]').layout.paper_bgcolor"
    assert opened.evaluate(paper) == "#ffffff"
    opened.screen(1280, 900, dark=True)
    opened.evaluate("new Promise((done) => setTimeout(done, 300))")
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 25, 30)"
    assert opened.evaluate(paper) == "#15191e"
    opened.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert opened.evaluate(paper) == "#ffffff"
    opened.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert opened.evaluate(paper) == "#15191e"


def test_page_fits_phone(opened: Page, golden_run: RecordedRun, tmp_path: Path) -> None:
    path = tmp_path / "phone.html"
    path.write_text(page(golden_run, plotly_js()), encoding="utf-8")
    opened.screen(390, 844, phone=True)
    opened.open(path)
    assert width_of(opened) == 390
    boxes = "[...document.querySelectorAll('.main-svg')].map((chart) => chart.getBoundingClientRect())"
    assert max(opened.evaluate(f"{boxes}.map((box) => box.right)")) <= 390
    assert min(opened.evaluate(f"{boxes}.map((box) => box.width)")) > 350  # one below the other


def test_run_without_trades_is_drawn(opened: Page, goog: Bars, tmp_path: Path) -> None:
    path = tmp_path / "none.html"
    run = recorded(goog[:20], strategy="sma_cross", parameters={"fast": 10, "slow": 30})
    path.write_text(page(run, plotly_js()), encoding="utf-8")
    opened.open(path)
    assert opened.evaluate("document.querySelectorAll('.js-plotly-plot').length") == 3
    assert opened.complaints == []
