"""`tickfold.sweep`: runs of one strategy with many sets of parameters, ranked."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tickfold.backtests import sweep_results
from tickfold.backtests.grid import expand
from tickfold.engine.accounting.cause import Cause
from tickfold.engine.calendar import SessionCalendar
from tickfold.engine.performance.metrics import Metrics
from tickfold.engine.sweep import rank
from tickfold.local.finished_run import finish_one_symbol, manifest_of, now
from tickfold.local.progress import shown
from tickfold.local.request import SWEEP, Request, request_of
from tickfold.local.result import BacktestResult
from tickfold.local.simulation import outcome_of, signals_on
from tickfold.local.sweep_result import SweepResult
from tickfold.strategies import Strategy


@SWEEP.on
def sweep(
    bars: Any,
    /,
    strategy: str | Path | Strategy | type[Strategy],
    *,
    symbol: str | None = None,
    timeframe: str | None = None,
    calendar: str | SessionCalendar | None = None,
    parameters: Mapping[str, Any] | None = None,
    **options: Any,
) -> SweepResult:
    """Run `strategy` on `bars` with every combination of its parameters' values, and rank the runs.

    As `tickfold.backtest`, but that a parameter has one value or many: a list, a range, an array, or
    `{"from": 5, "to": 50, "step": 5}`. `rank` names the metric, by default `sharpe`. Combinations that the strategy
    rejects are left out.

    Example:
        tickfold.sweep(frame, "sma_cross", fast=range(5, 50, 5), slow=[50, 100], rank="sortino")

    Raises:
        RunError: the request, the bars or the strategy is wrong; one line says what was expected.
    """
    request = request_of(
        SWEEP,
        {symbol: bars},
        strategy,
        options,
        timeframe=timeframe,
        calendar=calendar,
        parameters=parameters,
    )
    return _ranked(request)


def _ranked(request: Request) -> SweepResult:
    begun, config, used = now(), request.config, request.bars()
    grid = expand(config, request.choice.registry)
    metrics: list[Metrics] = []
    no_trades: dict[int, Cause] = {}
    sets = zip(grid.strategies, signals_on(used, grid.strategies), strict=True)
    for number, (strategy, signals) in enumerate(shown(sets, len(grid.strategies), "runs")):  # never all curves at once
        outcome = outcome_of(config, used, strategy, signals)
        metrics.append(outcome.metrics)
        if outcome.no_trades:
            no_trades[number] = outcome.no_trades.cause
    order = rank(metrics, config.rank_by)
    rows = sweep_results.sweep_rows(grid.strategies, metrics, order, no_trades)
    best = grid.strategies[order[0]]
    (signals,) = signals_on(used, [best])
    run = finish_one_symbol(
        manifest_of(config, request.ranges, begun),
        config.run_with(best.model_dump()),
        used,
        outcome_of(config, used, best, signals),
        parameters=best.model_dump(),
        notes=request.notes,
    )
    return SweepResult(rows, config.rank_by, grid.left_out, BacktestResult(run))
