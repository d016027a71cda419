"""Evaluation: the signals of strategies on a worker's bars. A user's own run in a child process, under a time limit."""

from collections.abc import Iterator, Sequence
from typing import Final

from tickfold.engine.bars import Bars
from tickfold.engine.signals import Signals
from tickfold.errors import StrategyFailedError
from tickfold.strategies import builtin, contract
from tickfold.strategies.contract import read_only, signals_of_all, span
from tickfold.strategies.isolation import ChildEndedError, isolated
from tickfold.strategies.strategy import Strategy

SECONDS: Final = 40.0
"""How long a strategy may take for one chunk, with all its sets of parameters. The rest of a worker's minute is for
reading bars, the engine, and telling what went wrong."""


LOOKBACK_SECONDS: Final = 5.0
"""How long the lookbacks of all sets of parameters may take."""


def is_built_in(strategy: Strategy) -> bool:
    """Return whether Tickfold ships the strategy: such code is trusted, and needs no child process."""
    return type(strategy).__module__.startswith(f"{builtin.__name__}.")


def lookback_of(strategies: Sequence[Strategy], seconds: float = LOOKBACK_SECONDS) -> int:
    """Return the longest lookback of `strategies`, in bars.

    Raises:
        StrategyFailedError: a lookback is no whole number from 0 on, raised an error, or took longer than `seconds`.
    """
    if is_built_in(strategies[0]):
        return max(map(contract.lookback_of, strategies))
    name = strategies[0].name
    try:
        return max(isolated(lambda: map(contract.lookback_of, strategies), seconds))
    except ChildEndedError as error:
        how = f"ran longer than {seconds:g} s" if error.timed_out else error.cause
        raise StrategyFailedError(
            f"strategy {name} failed: its lookback {how}; expected a whole number of bars, from its parameters"
        ) from None


def evaluate(strategies: Sequence[Strategy], bars: Bars, seconds: float = SECONDS) -> Iterator[Signals]:
    """Yield the signals of each of `strategies` on `bars`, which they cannot change.

    Raises:
        StrategyFailedError: a strategy raised an error, returned something else than signals, crashed, or ran longer
            than `seconds`.
    """
    if is_built_in(strategies[0]):
        yield from signals_of_all(strategies, read_only(bars))
        return
    name, on = strategies[0].name, f"on {span(bars)}"
    try:
        yield from isolated(lambda: signals_of_all(strategies, read_only(bars)), seconds)
    except ChildEndedError as error:
        if not error.timed_out:
            raise StrategyFailedError(f"strategy {name} failed: {on}, it {error.cause}") from None
        sets = f" with {len(strategies):,} sets of parameters" if len(strategies) > 1 else ""
        raise StrategyFailedError(
            f"strategy {name} ran longer than {seconds:g} s {on}{sets}: look for a loop that does not end, "
            "compute with arrays instead of bar by bar, or cut the run into more chunks"
        ) from None
