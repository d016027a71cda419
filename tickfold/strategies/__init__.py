"""The strategies by name: those that come with Tickfold, and the user's own in the folder `strategies`."""

from pydantic import ValidationError

from tickfold.errors import RunError
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
from tickfold.strategies.files import FOLDER, Found, discover
from tickfold.strategies.strategy import Strategy

__all__ = ["BUILT_IN", "FOUND", "Strategy", "configure", "create"]

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
BUILT_IN: dict[str, type[Strategy]] = {strategy.name: strategy for strategy in _CLASSES}
FOUND = discover(FOLDER, BUILT_IN)


def create(name: str, parameters: dict[str, int | float], found: Found = FOUND) -> Strategy:
    """Return the strategy `name` with `parameters`; those left out take their defaults.

    Raises:
        RunError: there is no such strategy or parameter, a value is out of its bounds, or the strategy's file is
            faulty.
    """
    if name in found.strategies:
        return configure(found.strategies[name], parameters)
    if name in found.faults:
        raise RunError(found.faults[name])
    known = f"unknown strategy {name!r}; known strategies: {', '.join(sorted(found.strategies))}"
    raise RunError("; ".join([known, *found.faults.values()]))


def configure(strategy: type[Strategy], parameters: dict[str, int | float]) -> Strategy:
    """Return `strategy` with `parameters`; those left out take their defaults.

    Raises:
        RunError: there is no such parameter, or a value is out of its bounds.
    """
    unknown = sorted(set(parameters) - set(strategy.model_fields))
    if unknown:
        known = ", ".join(strategy.model_fields) or "none"
        raise RunError(f"strategy {strategy.name} has no parameter {', '.join(unknown)}; it has: {known}")
    try:
        return strategy.model_validate(parameters)
    except ValidationError as error:
        raise RunError(f"strategy {strategy.name}: {explain(error)}") from None
