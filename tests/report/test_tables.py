"""The cells of the report's tables and its headline, on a run small enough to check by hand."""

from dataclasses import replace

import numpy as np
import pytest

from tests.report.conftest import recorded
from tests.report.golden_figures import DAY, few_bars
from tickfold.backtests.recorded_run import RecordedRun
from tickfold.report import tables
from tickfold.report.conventions import arithmetic
from tickfold.report.headline import Figure, facts, headline, strategy_of
from tickfold.report.tables import Cell, Table, table


@pytest.fixture(scope="module")
def run() -> RecordedRun:
    return recorded(few_bars(), strategy="sma_cross", parameters={"fast": 1, "slow": 2}, max_bars=3)


def texts(found: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in found.rows]


def test_plain_texts_become_cells() -> None:
    found = table(["a", "b"], [["x", Cell("y", "loss")]], "kind")
    assert found == Table(["a", "b"], [[Cell("x"), Cell("y", "loss")]], "kind")


def test_months_are_in_percent_and_tinted_by_size(run: RecordedRun) -> None:
    january_to_march = np.array([0, 20, 31, 40, 60, 75]) * DAY + run.curve.timestamp[0]
    equity = np.array([100.0, 110, 110, 88, 88, 88])
    found = tables.monthly_table(replace(run.curve, timestamp=january_to_march, equity=equity, capital=100.0))
    assert found.head == [
        *("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Year")
    ]
    assert found.kind == "months"
    assert list(found.rows[0]) == [
        Cell("2020"),
        Cell("10.0", style="background: rgba(47, 144, 104, 0.42)"),
        Cell("-20.0", style="background: rgba(207, 86, 70, 0.60)"),
        Cell("0.0", style="background: rgba(207, 86, 70, 0.00)"),
        *[Cell("")] * 9,
        Cell("-12.0", "loss"),
    ]


def test_years_come_newest_first_and_an_unchanged_one_is_neutral(run: RecordedRun) -> None:
    days = np.array([0, 400]) * DAY + run.curve.timestamp[0]
    found = tables.monthly_table(replace(run.curve, timestamp=days, equity=np.array([5.0, 5.0])))
    assert [row[0].text for row in found.rows] == ["2021", "2020"]
    assert found.rows[0][-1] == Cell("0.0")
    assert found.rows[0][2] == Cell("0.0", style="background: rgba(207, 86, 70, 0.00)")


def test_ruined_year_is_undefined(run: RecordedRun) -> None:
    days = np.array([0, 400]) * DAY + run.curve.timestamp[0]
    found = tables.monthly_table(replace(run.curve, timestamp=days, equity=np.array([-1.0, 5.0])))
    assert found.rows[0][-1] == Cell("–")


@pytest.mark.parametrize(
    ("step", "row"),
    [
        (DAY, ["2020-01-08", "2020-01-09", "2020-01-11", "-7.69 %", "3"]),
        (DAY // 24, ["2020-01-01 07:00", "2020-01-01 08:00", "2020-01-01 10:00", "-7.69 %", "0.1"]),
    ],
)
def test_drawdowns_have_days_or_minutes(step: int, row: list[str]) -> None:
    found = tables.drawdowns_table(
        recorded(few_bars(step), strategy="sma_cross", parameters={"fast": 1, "slow": 2}, max_bars=3).curve
    )
    assert found.head == ["Peak", "Trough", "Recovery", "Depth", "Days"]
    assert texts(found) == [row]
    assert found.rows[0][3].kind == "loss"


def test_drawdown_that_lasts_has_no_recovery(run: RecordedRun) -> None:
    found = tables.drawdowns_table(replace(run.curve, equity=np.arange(12.0, 0, -1), capital=12.0))
    assert texts(found) == [["2020-01-01", "2020-01-12", "not yet", "-91.67 %", "11"]]


def test_trades_are_grouped_by_side_and_by_end(run: RecordedRun) -> None:
    found = tables.trade_groups_table(run)
    assert found.head == ["", "Trades", "Won", "Profit", "Mean return", "Mean bars", "Held"]
    assert texts(found) == [
        ["Long", "1", "100.0 %", "1,982.00", "18.18 %", "2.0", "16.7 %"],
        ["Short", "1", "100.0 %", "909.00", "9.09 %", "3.0", "25.0 %"],
        ["Both", "2", "100.0 %", "2,891.00", "13.64 %", "2.5", "41.7 %"],
        ["max bars", "1", "100.0 %", "909.00", "9.09 %", "3.0", ""],
        ["end", "1", "100.0 %", "1,982.00", "18.18 %", "2.0", ""],
    ]
    assert {row[3].kind for row in found.rows} == {"gain"}


def test_groups_without_trades_are_undefined(run: RecordedRun) -> None:
    found = tables.trade_groups_table(replace(run, trades=run.trades[np.array([], dtype=np.int64)]))
    assert texts(found)[0] == ["Long", "0", "–", "0.00", "–", "–", "16.7 %"]
    assert found.rows[0][3].kind == ""


def test_losses_are_marked(run: RecordedRun) -> None:
    run.trades.pnl[:] *= -1
    try:
        assert tables.trade_groups_table(run).rows[0][3] == Cell("-1,982.00", "loss")
    finally:
        run.trades.pnl[:] *= -1


def test_conventions_stand_side_by_side(golden_run: RecordedRun) -> None:
    found = tables.conventions_table(
        golden_run, arithmetic(golden_run.curve.timestamp, 10_000, golden_run.curve.equity)
    )
    assert found.head == ["", "Compounded", "Arithmetic"]
    assert texts(found) == [
        ["Sharpe", "0.581", "0.798"],
        ["Sortino", "1.085", "1.206"],
        ["Annual volatility", "36.50 %", "29.49 %"],
    ]


def test_metrics_have_a_table_per_group(golden_run: RecordedRun) -> None:
    found = tables.metric_tables(golden_run)
    assert list(found) == ["Return", "Trades", "Risk", "Ratios"]
    assert texts(found["Risk"]) == [
        ["Annual volatility", "36.50 %"],
        ["Periods a year", "252"],
        ["Max drawdown", "-47.98 %"],
        ["Average drawdown", "-5.93 %"],
        ["Longest drawdown", "584 days"],
        ["Average length", "41 days"],
    ]
    assert all(not each.head for each in found.values())


def test_headline_shows_six_figures_with_another_beside_each(golden_run: RecordedRun) -> None:
    assert headline(golden_run) == [
        Figure("Total return", "414.23 %", "buy and hold 703.46 %"),
        Figure("CAGR", "21.16 %", "volatility 36.50 %"),
        Figure("Sharpe", "0.581", "Sortino 1.085"),
        Figure("Max drawdown", "-47.98 %", "longest 584 days"),
        Figure("Trades", "66", "46.97 % won"),
        Figure("Exposure", "96.74 %", "cost paid 0.00"),
    ]


def test_headline_of_missing_metrics_is_undefined(run: RecordedRun) -> None:
    bare = replace(run, result=run.result.model_copy(update={"metrics": {}}))
    assert {figure.value for figure in headline(bare)} == {"–"}


def test_facts_are_range_bars_and_terms(run: RecordedRun) -> None:
    assert facts(run)[:3] == [
        ("range", "2020-01-01 to 2020-01-12"),
        ("bars", "12 in 7 chunks, 185 replayed by the fold"),
        ("capital", "10,000.00"),
    ]
    assert facts(run)[-1] == ("exits", "after 3 bars")


def test_strategy_has_its_parameters(run: RecordedRun) -> None:
    assert strategy_of(run) == "sma_cross (fast 1, slow 2)"
    bare = replace(run, result=run.result.model_copy(update={"parameters": {}}))
    assert strategy_of(bare) == "sma_cross"
