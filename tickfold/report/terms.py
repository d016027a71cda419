"""The terms on which a run traded, in words: costs, sizes, orders and exits."""

from tickfold.protocol import BacktestConfig, CommissionTerms


def terms(config: BacktestConfig) -> list[tuple[str, str]]:
    """Return each kind of term and what was agreed; a kind of which nothing was asked is left out."""
    sides = {"both": "long and short"}.get(config.direction, f"{config.direction} only")
    found = {
        "capital": [f"{config.start_capital:,.2f}"],
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
        f"{100 * commission.relative:g} %" if commission.relative else "",
        f"{commission.per_share:g} a share" if commission.per_share else "",
        f"{commission.fixed:g} a fill" if commission.fixed else "",
    ]
    text = " + ".join(part for part in parts if part)
    if commission.minimum:
        text = f"{text}, {commission.minimum:g} at least" if text else f"{commission.minimum:g} a fill"
    return text or "none"


def _rate(fraction: float) -> str:
    return f"{100 * fraction:g} %" if fraction else "none"


def _size(config: BacktestConfig) -> str:
    value = config.sizing.value
    match config.sizing.kind:
        case "fraction":
            return "all cash" if value == 1 else f"{100 * value:g} % of the cash"
        case "cash":
            return f"{value:,.2f} each"
        case "shares":
            return f"{value:,g} shares each"
        case "volatility":
            return f"sized to a volatility of {100 * value:g} %"


def _entry(config: BacktestConfig) -> str:
    place = "at the next open" if config.fill == "open" else "at the close that decided"
    if config.limit is None:
        return f"filled {place}"
    lives = f" for {_bars(config.limit_bars)}" if config.limit_bars else ""
    return f"entered by limits {100 * config.limit:g} % better than the close{lives}, left {place}"


def _exits(config: BacktestConfig) -> list[str]:
    distances = {
        "stop loss": config.stop_loss,
        "take profit": config.take_profit,
        "trailing stop": config.trailing_stop,
    }
    found = [f"{name} {100 * distance:g} %" for name, distance in distances.items() if distance is not None]
    return found + ([f"after {_bars(config.max_bars)}"] if config.max_bars else [])


def _bars(count: int) -> str:
    return f"{count:,} bar{'' if count == 1 else 's'}"
