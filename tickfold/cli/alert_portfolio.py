"""The conditions on portfolios of `tickfold alert add`."""

from typing import Any

import typer

ONLY_OF_PORTFOLIOS = ("drawdown", "orders", "limits", "killed", "bots", "bot")
"""The options that go with --portfolio and with nothing else."""
_ONE_OF = (
    "say when, with --portfolio: --of equity, cash, profit or position with --above or --below; --drawdown, --orders, "
    "--limits, --killed, --bots or --bot"
)


def portfolio_condition(
    portfolio: str, symbol: str | None, *, of: str | None, hysteresis: float, **when: Any
) -> dict[str, Any]:
    """Return the condition on a portfolio, as a request has it. Of `when` one option is said.

    Raises:
        BadParameter: the options name none, or several, or do not go together.
    """
    said = [key for key, value in when.items() if value not in (None, False)]
    if len(said) != 1 or said[0] not in ("above", "below", *ONLY_OF_PORTFOLIOS):
        raise typer.BadParameter(_ONE_OF)
    (kind,) = said
    if (of is not None) != (kind in ("above", "below")):
        raise typer.BadParameter("--of goes with --above or --below, and with --portfolio they go with --of")
    if symbol and not (of == "position" or kind == "orders"):
        raise typer.BadParameter("with --portfolio, a SYMBOL goes with --of position and --orders")
    if of == "position" and not symbol:
        raise typer.BadParameter("--of position goes with a SYMBOL")
    if hysteresis and kind not in ("above", "below", "drawdown"):
        raise typer.BadParameter("--hysteresis goes with amounts and drawdowns")
    return {"portfolio": portfolio, **_terms(kind, when[kind], of, symbol, hysteresis)}


def _terms(kind: str, value: Any, of: str | None, symbol: str | None, hysteresis: float) -> dict[str, Any]:
    match kind:
        case "above" | "below":
            return {"kind": of, kind: value, "hysteresis": hysteresis, **({"symbol": symbol} if symbol else {})}
        case "drawdown":
            return {"kind": "drawdown", "above": value / 100, "hysteresis": hysteresis / 100}
        case "orders":
            outcomes = {} if value == "all" else {"outcomes": [each.strip() for each in value.split(",")]}
            return {"kind": "orders", "symbol": symbol, **outcomes}
        case "limits":
            return {"kind": "limit_breached"}
        case "killed":
            return {"kind": "killed"}
        case _:
            return {"kind": "bots", "bot": value if kind == "bot" else None}
