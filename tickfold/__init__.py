"""Backtests fanned out over Lambda workers and folded back into one exact result.

In a notebook, without a stack: `tickfold.backtest(frame, "sma_cross", fast=10, slow=30)`, and `sweep`, `walk_forward`
and `universe`. Each name is imported when it is first used, so that `import tickfold` takes no time.
"""

from typing import TYPE_CHECKING

from tickfold.lazy_names import lazy_names

if TYPE_CHECKING:
    from tickfold.errors import RunError
    from tickfold.local.backtest import backtest
    from tickfold.local.result import BacktestResult
    from tickfold.local.sweep import sweep
    from tickfold.local.sweep_result import SweepResult
    from tickfold.local.universe import universe
    from tickfold.local.universe_result import UniverseResult
    from tickfold.local.walk_forward import walk_forward
    from tickfold.local.walk_forward_result import WalkForwardResult
    from tickfold.strategies.strategy import Strategy
else:
    __getattr__, __dir__ = lazy_names(
        globals(),
        {
            "errors": ("RunError",),
            "local.backtest": ("backtest",),
            "local.result": ("BacktestResult",),
            "local.sweep": ("sweep",),
            "local.sweep_result": ("SweepResult",),
            "local.universe": ("universe",),
            "local.universe_result": ("UniverseResult",),
            "local.walk_forward": ("walk_forward",),
            "local.walk_forward_result": ("WalkForwardResult",),
            "strategies.strategy": ("Strategy",),
        },
    )

__all__ = [
    "BacktestResult",
    "RunError",
    "Strategy",
    "SweepResult",
    "UniverseResult",
    "WalkForwardResult",
    "backtest",
    "sweep",
    "universe",
    "walk_forward",
]
