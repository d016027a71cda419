"""The terms of a run in words: costs, position sizes, orders and exits."""

from typing import assert_never

from tickfold.protocol import BacktestConfig, CommissionTerms
from tickfold.protocol.formats import counted, money, short_percent


def terms(config: BacktestConfig) -> list[tuple[str, str]]:
    """Return each kind of term with its text; a kind that the config does not use is left out."""
    sides = {"both": "long and short"}.get(config.direction, f"{config.direction} only")
    found = {
        "capital": [money(config.start_capital)],
        "costs": [
            f"commission {_commission(config.commission)}",
            f"spread {_rate(config.spread)}",
            f"slippage {_rate(config.slippage)}",
        ],
        "positions": [
            sides,
            _size(config),
            "fractional shares" if config.fractional_shares else "whole shares",
            "closed at the end" if config.close_at_end else "left open at the end",
        ],
        "orders": [_entry(config)],
        "exits": _exits(config),
    }
    return [(kind, ", ".join(texts)) for kind, texts in found.items() if texts]


def _commission(commission: CommissionTerms) -> str:
    parts = [
        short_percent(commission.relative) if commission.relative else "",
        f"{commission.per_share:g} a share" if commission.per_share else "",
        f"{commission.fixed:g} a fill" if commission.fixed else "",
    ]
    text = " + ".join(part for part in parts if part)
    if commission.minimum:
        text = f"{text}, {commission.minimum:g} at least" if text else f"{commission.minimum:g} a fill"
    return text or "none"


def _rate(fraction: float) -> str:
    return short_percent(fraction) if fraction else "none"


def _size(config: BacktestConfig) -> str:
    value = config.sizing.value
    match config.sizing.kind:
        case "fraction":
            return "all cash" if value == 1 else f"{short_percent(value)} of the cash"
        case "cash":
            return f"{money(value)} each"
        case "shares":
            return f"{value:,g} shares each"
        case "volatility":
            return f"sized to a volatility of {short_percent(value)}"
        case _:
            assert_never(config.sizing.kind)


def _entry(config: BacktestConfig) -> str:
    place = "at the next open" if config.fill == "open" else "at the close that decided"
    if config.limit is None:
        return f"filled {place}"
    lives = f" for {counted(config.limit_bars, 'bar')}" if config.limit_bars else ""
    return f"entered by limits {short_percent(config.limit)} better than the close{lives}, left {place}"


def _exits(config: BacktestConfig) -> list[str]:
    distances = {
        "stop loss": config.stop_loss,
        "take profit": config.take_profit,
        "trailing stop": config.trailing_stop,
    }
    found = [f"{name} {short_percent(distance)}" for name, distance in distances.items() if distance is not None]
    return found + ([f"after {counted(config.max_bars, 'bar')}"] if config.max_bars else [])
