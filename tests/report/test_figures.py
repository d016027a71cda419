"""What the charts are given to draw."""

import base64
import json
from typing import Any

import numpy as np
import pytest

from tests.report.golden_figures import FILE, drawn
from tickfold.backtests.recorded_run import RecordedRun
from tickfold.report.figures import (
    MOST_TRADES_DRAWN,
    distribution_figure,
    drawn_trades,
    equity_figure,
    trades_figure,
)


def numbers(packed: dict[str, str]) -> list[float]:
    """Return what plotly.js reads from its binary form."""
    return np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"]).tolist()  # type: ignore[no-any-return]


def traces(figure: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {trace["name"]: trace for trace in figure["data"] if "name" in trace}


def test_equity_figure_draws_chosen_bars(golden_run: RecordedRun) -> None:
    curve, drawn = golden_run.curve, np.array([0, 29, 2147])
    benchmark = np.where(np.arange(len(curve)) < 29, np.nan, curve.close)
    found = traces(equity_figure(curve, benchmark, drawn))
    assert numbers(found["Equity"]["x"]) == (curve.timestamp[drawn] / 1000).tolist()
    assert numbers(found["Equity"]["y"]) == curve.equity[drawn].tolist()
    assert numbers(found["Buy and hold"]["y"]) == pytest.approx([np.nan, *curve.close[[29, 2147]]], nan_ok=True)


def test_trades_figure_marks_fills_by_side(golden_run: RecordedRun) -> None:
    trades = golden_run.trades
    found = traces(trades_figure(golden_run.curve, trades, np.array([0, 2147])))
    for name, side in (("Long", 1), ("Short", -1)):
        chosen = trades[trades.side == side]
        for end, time, price in (
            ("entry", chosen.entry_time, chosen.entry_price),
            ("exit", chosen.exit_time, chosen.exit_price),
        ):
            marks = found[f"{name} {end}"]
            assert numbers(marks["x"]) == (time / 1000).tolist()
            assert numbers(marks["y"]) == price.tolist()
    assert found["Long entry"]["marker"]["symbol"] != found["Short entry"]["marker"]["symbol"]
    assert found["Long entry"]["hovertext"][0].startswith("<b>Long: ")


def test_too_many_trades_are_reduced_to_largest(golden_run: RecordedRun) -> None:
    many = golden_run.trades[np.arange(3 * MOST_TRADES_DRAWN) % len(golden_run.trades)]
    drawn = drawn_trades(many)
    assert len(drawn) == MOST_TRADES_DRAWN
    least = np.abs(drawn.pnl).min()
    assert (np.abs(many.pnl) > least).sum() <= MOST_TRADES_DRAWN <= (np.abs(many.pnl) >= least).sum()
    assert drawn_trades(golden_run.trades) is golden_run.trades


def test_distribution_counts_every_trade_and_splits_at_zero(golden_run: RecordedRun) -> None:
    figure = distribution_figure(golden_run.trades)
    (bars,) = figure["data"]
    centres, counts = np.array(numbers(bars["x"])), np.array(bars["y"])
    returns = golden_run.trades.trade_return
    assert counts.sum() == len(returns)
    assert counts[centres > 0].sum() == (returns >= 0).sum()
    assert counts[centres < 0].sum() == (returns < 0).sum()
    assert figure["layout"]["annotations"][0]["text"] == "mean 3.27 %"


@pytest.mark.parametrize("value", [0.0, 6.18, -0.5, 1e-9])
def test_single_trade_has_distribution(golden_run: RecordedRun, value: float) -> None:
    one = golden_run.trades[np.array([0])]
    one.trade_return[0] = value
    assert sum(distribution_figure(one)["data"][0]["y"]) == 1


def test_figures_of_small_run_are_those_of_golden_file() -> None:
    assert drawn() == json.loads(FILE.read_text()), "if this is meant, run `python -m tests.report.golden_figures`"
