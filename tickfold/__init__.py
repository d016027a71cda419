"""Backtests fanned out over Lambda workers and folded back into one exact result.

In a notebook, without a stack: `tickfold.backtest(frame, "sma_cross", fast=10, slow=30)`, and `sweep`, `walk_forward`
and `universe`. Each name is imported when it is first used, so that `import tickfold` takes no time.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

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

_MODULES: Final = {
    "BacktestResult": "tickfold.local.result",
    "RunError": "tickfold.errors",
    "Strategy": "tickfold.strategies.strategy",
    "SweepResult": "tickfold.local.sweep_result",
    "UniverseResult": "tickfold.local.universe_result",
    "WalkForwardResult": "tickfold.local.walk_forward_result",
    "backtest": "tickfold.local.backtest",
    "sweep": "tickfold.local.sweep",
    "universe": "tickfold.local.universe",
    "walk_forward": "tickfold.local.walk_forward",
}

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


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_MODULES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
