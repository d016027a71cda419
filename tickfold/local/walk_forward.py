"""`tickfold.walk_forward`: parameters chosen window by window, and traded on the bars that follow."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tickfold.backtests import sweep_results
from tickfold.backtests.grid import expand
from tickfold.backtests.planning import account_of, orders_of
from tickfold.backtests.sweep_results import WindowResult
from tickfold.engine import walk_forward as engine
from tickfold.engine.calendar import SessionCalendar, date_of
from tickfold.local.finished_run import finish_one_symbol, manifest_of, now
from tickfold.local.progress import shown
from tickfold.local.request import SWEEP, Request, request_of
from tickfold.local.simulation import signals_on
from tickfold.local.walk_forward_result import WalkForwardResult
from tickfold.strategies import Strategy


@SWEEP.on
def walk_forward(
    bars: Any,
    /,
    strategy: str | Path | Strategy | type[Strategy],
    *,
    in_sample: int,
    out_of_sample: int,
    symbol: str | None = None,
    timeframe: str | None = None,
    calendar: str | SessionCalendar | None = None,
    parameters: Mapping[str, Any] | None = None,
    **options: Any,
) -> WalkForwardResult:
    """Choose the best parameters on `in_sample` bars, trade them on the `out_of_sample` bars that follow, and so on.

    The result is that of the out-of-sample runs, one after the other; its `windows` are a table. Other arguments are
    those of `tickfold.sweep`.

    Example:
        tickfold.walk_forward(frame, "sma_cross", in_sample=500, out_of_sample=100, fast=[5, 10], slow=[30, 60])

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
        more={"walkForward": {"inSample": in_sample, "outOfSample": out_of_sample}},
    )
    return _walked(request)


def _walked(request: Request) -> WalkForwardResult:
    begun, config, used = now(), request.config, request.bars()
    strategies = (grid := expand(config, request.choice.registry)).strategies
    walk = engine.walk_forward(
        used,
        list(shown(signals_on(used, strategies), len(strategies), "sets of parameters")),
        engine.windows(len(used), config.walk_forward.in_sample, config.walk_forward.out_of_sample),
        account_of(config),
        orders_of(config),
        rank_by=config.rank_by,
    )
    times = [used.timestamp[step.window.edge_bars].tolist() for step in walk.steps]
    found = [WindowResult.of(*each, config.rank_by) for each in zip(walk.steps, times, strict=True)]
    rows = sweep_results.walk_forward_rows(strategies, found, config.rank_by)
    traded = used[walk.start : walk.stop]
    first, last = (date_of(int(day)) for day in traded.session_dates[[0, -1]])
    run = finish_one_symbol(
        manifest_of(config, request.ranges, begun),
        config.run_with({}),
        traded,
        walk.outcome,
        parameters={},
        notes=request.notes,
        days=(first, last),
    )
    return WalkForwardResult(run, rows, grid.left_out, len(used) - walk.stop)
