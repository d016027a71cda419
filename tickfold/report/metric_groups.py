"""The metrics in groups, each with its label and the format in which people read it."""

from collections.abc import Callable, Iterable

UNDEFINED = "–"

Format = Callable[[float], str]


def money(value: float) -> str:
    return f"{value:,.2f}"


def percent(value: float) -> str:
    return f"{100 * value:,.2f} %"


def ratio(value: float) -> str:
    return f"{value:,.3f}"


def times(value: float) -> str:
    return f"{value:,.1f} ×" if abs(value) < 100 else f"{value:,.0f} ×"


def count(value: float) -> str:
    return f"{value:,.0f}"


def days(value: float) -> str:
    return f"{value:,.0f} day{'' if round(value) == 1 else 's'}"


GROUPS: dict[str, dict[str, tuple[str, Format]]] = {
    "Return": {
        "final_equity": ("Final equity", money),
        "peak_equity": ("Peak equity", money),
        "total_return": ("Total return", percent),
        "buy_and_hold_return": ("Buy and hold", percent),
        "annual_return": ("Annual return", percent),
        "cagr": ("CAGR", percent),
        "commissions": ("Commissions", money),
        "cost_paid": ("Cost paid", money),
    },
    "Trades": {
        "trades": ("Trades", count),
        "win_rate": ("Win rate", percent),
        "best_trade": ("Best trade", percent),
        "worst_trade": ("Worst trade", percent),
        "average_trade": ("Average trade", percent),
        "expectancy": ("Expectancy", percent),
        "exposure": ("Exposure", percent),
        "turnover": ("Turnover a year", times),
    },
    "Risk": {
        "annual_volatility": ("Annual volatility", percent),
        "max_drawdown": ("Max drawdown", percent),
        "average_drawdown": ("Average drawdown", percent),
        "max_drawdown_duration": ("Longest drawdown", days),
        "average_drawdown_duration": ("Average length", days),
    },
    "Ratios": {
        "sharpe": ("Sharpe", ratio),
        "sortino": ("Sortino", ratio),
        "calmar": ("Calmar", ratio),
        "alpha": ("Alpha", percent),
        "beta": ("Beta", ratio),
        "profit_factor": ("Profit factor", ratio),
        "sqn": ("SQN", ratio),
        "kelly": ("Kelly", ratio),
    },
}


def grouped(names: Iterable[str]) -> dict[str, list[str]]:
    """Return `names` by group, in the groups' order; those that no group knows come last, as "Other"."""
    present = list(names)
    known = {title: [name for name in group if name in present] for title, group in GROUPS.items()}
    placed = {name for group in known.values() for name in group}
    known["Other"] = [name for name in present if name not in placed]
    return {title: group for title, group in known.items() if group}


def formatted(name: str, value: float | None) -> tuple[str, str]:
    """Return a metric's label and its value, as they are shown."""
    for group in GROUPS.values():
        if name in group:
            label, write = group[name]
            return label, UNDEFINED if value is None else write(value)
    return name, UNDEFINED if value is None else ratio(value)
