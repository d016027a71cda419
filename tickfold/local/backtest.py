"""`tickfold.backtest`: one run of one symbol."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tickfold.engine.calendar import SessionCalendar
from tickfold.local.finished_run import FinishedRun, finish_one_symbol, manifest_of, now
from tickfold.local.request import BACKTEST, Request, request_of
from tickfold.local.result import BacktestResult
from tickfold.local.simulation import outcome_of, signals_on
from tickfold.strategies import Strategy


@BACKTEST.on
def backtest(
    bars: Any,
    /,
    strategy: str | Path | Strategy | type[Strategy] = "buy_and_hold",
    *,
    symbol: str | None = None,
    timeframe: str | None = None,
    calendar: str | SessionCalendar | None = None,
    parameters: Mapping[str, Any] | None = None,
    **options: Any,
) -> BacktestResult:
    """Backtest `strategy` on `bars`, and return its metrics, trades and equity.

    `bars` is a data frame of pandas, polars or pyarrow, or the path of a CSV or Parquet file, read and checked as
    `tickfold data load` does: columns by their usual names, times in a column or in pandas' index. `strategy` is the
    name of one, a Python file, or a class that inherits from `tickfold.Strategy`, or an instance of it.

    Other keywords are the strategy's parameters, and the options of `tickfold run` and `tickfold data load`:
    `capital`, `commission`, `stop_loss`, `timezone` and so on; `parameters` gives parameters that are named as options
    are. `symbol` names the bars, or chooses those of a frame that has several symbols.

    Example:
        tickfold.backtest(frame, "sma_cross", fast=10, slow=30, capital=10_000, commission=0.001)

    Raises:
        RunError: the request, the bars or the strategy is wrong; one line says what was expected.
    """
    request = request_of(
        BACKTEST,
        {symbol: bars},
        strategy,
        options,
        timeframe=timeframe,
        calendar=calendar,
        parameters=parameters,
    )
    return BacktestResult(run_one_symbol(request))


def run_one_symbol(request: Request) -> FinishedRun:
    """Run a request of one symbol."""
    begun, config, used = now(), request.config, request.bars()
    strategy = request.choice.registry.create(config.strategy, config.parameters)
    (signals,) = signals_on(used, [strategy])
    outcome = outcome_of(config, used, strategy, signals)
    manifest = manifest_of(config, request.ranges, begun)
    parameters = strategy.model_dump()
    return finish_one_symbol(manifest, config, used, outcome, parameters=parameters, notes=request.notes)
