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
    from tickfold.strategies.strategy import Strategy

_MODULES: Final = {
    "BacktestResult": "tickfold.local.result",
    "RunError": "tickfold.errors",
    "Strategy": "tickfold.strategies.strategy",
    "backtest": "tickfold.local.backtest",
}

__all__ = ["BacktestResult", "RunError", "Strategy", "backtest"]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_MODULES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
