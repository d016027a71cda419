"""How a result is laid out."""

import io

import pytest
from rich.console import Console

from tickfold.cli.chart import Curves
from tickfold.cli.summary import write_summary
from tickfold.protocol import Result, SymbolResult


def written(result: Result, curves: Curves, width: int, *, terminal: bool = False) -> list[str]:
    file = io.StringIO()
    write_summary(Console(file=file, width=width, force_terminal=terminal, no_color=True), result, curves)
    return [line.rstrip() for line in file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [80, 160])
def test_summary_shows_run_metrics_and_files(result: Result, width: int) -> None:
    lines = written(result, Curves(), width)
    text = "\n".join(lines)
    assert lines[0] == "GOOG 1d   sma_cross fast=10 slow=30   2004-08-19 … 2013-03-01"
    assert lines[1] == "2,148 bars in 7 chunks, 185 replayed by the fold, 4.0 s"
    assert "Final equity            51,422.99      Trades                         66" in text
    assert "Profit factor                   –" in text
    assert "ulcer_index" in text
    assert f"execution  {result.execution_arn}" in lines
    assert f"trades     {result.trades_uri}" in lines


@pytest.mark.parametrize("width", [80, 120])
def test_summary_of_several_symbols_has_row_each(result: Result, width: int) -> None:
    metrics = {"final_equity": 51_422.99, "total_return": 4.1423, "sharpe": None, "max_drawdown": -0.5, "trades": 66}
    symbols = [
        SymbolResult(symbol="GOOG", share=0.75, bars=2_148, metrics=metrics),
        SymbolResult(symbol="IBM", share=0.2, bars=3_270, metrics=metrics),
    ]
    several = result.model_copy(update={"symbol": "GOOG,IBM", "symbols": symbols})
    lines = written(several, Curves(), width)
    assert lines[0].startswith("GOOG, IBM 1d   sma_cross")
    at = lines.index("Symbol    Share   Bars  Final equity  Total return  Sharpe  Max drawdown  Trades")
    assert lines[at + 1 : at + 3] == [
        "GOOG    75.00 %  2,148     51,422.99      414.23 %       –      -50.00 %      66",
        "IBM     20.00 %  3,270     51,422.99      414.23 %       –      -50.00 %      66",
    ]


def test_summary_has_no_control_characters(result: Result) -> None:
    steering = result.model_copy(update={"strategy": "\x1b[2Jsma", "metrics": {"\x1b]0;x": 1.0}})
    assert "\x1b" not in "\n".join(written(steering, Curves(), 80))


def test_chart_is_drawn_on_terminal_only(result: Result) -> None:
    curves = Curves([0, 86_400_000], [1.0, 2.0], [1.0, 1.5])
    drawn = "\n".join(written(result, curves, 80, terminal=True))
    assert "equity 2.00" in drawn
    assert "equity 2.00" not in "\n".join(written(result, curves, 80))
    assert "equity 2.00" not in "\n".join(written(result, Curves([0], [2.0], [2.0]), 80, terminal=True))
