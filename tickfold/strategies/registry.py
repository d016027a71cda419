"""The registry of strategies: the built-in ones, and on request those of a folder of user files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from tickfold.errors import RunError
from tickfold.protocol.spelling import suggestion
from tickfold.protocol.validation import explain
from tickfold.strategies.builtin.bollinger_reversion import BollingerReversion
from tickfold.strategies.builtin.buy_and_hold import BuyAndHold
from tickfold.strategies.builtin.donchian_breakout import DonchianBreakout
from tickfold.strategies.builtin.ema_cross import EmaCross
from tickfold.strategies.builtin.macd import Macd
from tickfold.strategies.builtin.momentum import Momentum
from tickfold.strategies.builtin.rsi_reversion import RsiReversion
from tickfold.strategies.builtin.sma_cross import SmaCross
from tickfold.strategies.builtin.vwap_reversion import VwapReversion
from tickfold.strategies.files import load_folder
from tickfold.strategies.strategy import Strategy

_CLASSES: tuple[type[Strategy], ...] = (
    BuyAndHold,
    SmaCross,
    EmaCross,
    Macd,
    DonchianBreakout,
    Momentum,
    RsiReversion,
    BollingerReversion,
    VwapReversion,
)


@dataclass(frozen=True)
class Registry:
    """Strategy classes by name, and the faults of strategy files that cannot be used.

    `faults` maps the name that a run would ask for (the file's stem, or a strategy name that two files define) to the
    reason.
    """

    strategies: Mapping[str, type[Strategy]]
    faults: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def discover(cls, folder: Path) -> Self:
        """Return the built-in strategies and those that the Python files of `folder` define, by running the files."""
        found, faults = load_folder(folder, BUILT_IN.strategies)
        return cls({**BUILT_IN.strategies, **found}, faults)

    @property
    def own(self) -> list[str]:
        """The sorted names of the strategies that are not built in."""
        return sorted(set(self.strategies) - set(BUILT_IN.strategies))

    def create(self, name: str, parameters: dict[str, int | float]) -> Strategy:
        """Return the strategy `name` with `parameters`; omitted parameters take their defaults.

        Raises:
            RunError: unknown strategy or parameter, a value out of bounds, or a faulty strategy file.
        """
        if name in self.strategies:
            return configure(self.strategies[name], parameters)
        if name in self.faults:
            raise RunError(self.faults[name])
        guess = suggestion(name, self.strategies)
        known = f"unknown strategy {name!r}{guess}; known strategies: {', '.join(sorted(self.strategies))}"
        raise RunError("; ".join([known, *self.faults.values()]))


BUILT_IN = Registry({strategy.name: strategy for strategy in _CLASSES})


def configure(strategy: type[Strategy], parameters: dict[str, int | float]) -> Strategy:
    """Return an instance of `strategy` with `parameters`; omitted parameters take their defaults.

    Raises:
        RunError: unknown parameter, or a value out of bounds.
    """
    unknown = sorted(set(parameters) - set(strategy.model_fields))
    if unknown:
        known = ", ".join(strategy.model_fields) or "none"
        guess = suggestion(unknown[0], strategy.model_fields) if len(unknown) == 1 else ""
        raise RunError(f"strategy {strategy.name} has no parameter {', '.join(unknown)}{guess}; it has: {known}")
    try:
        return strategy.model_validate(parameters)
    except ValidationError as error:
        raise RunError(f"strategy {strategy.name}: {explain(error)}") from None
