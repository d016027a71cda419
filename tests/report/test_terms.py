"""The terms of a run in words."""

from typing import Any

import pytest

from tickfold.protocol import BacktestConfig
from tickfold.report.terms import terms


def told(**wanted: Any) -> dict[str, str]:
    request = {"stock": "GOOG", "startDate": "2024-01-01", "endDate": "2024-12-31", "startCapital": 10_000}
    return dict(terms(BacktestConfig.model_validate(request | wanted)))


def test_default_terms() -> None:
    assert told() == {
        "capital": "10,000.00",
        "costs": "commission none, spread none, slippage none",
        "positions": "long and short, all cash, whole shares, closed at the end",
        "orders": "filled at the next open",
    }


@pytest.mark.parametrize(
    ("wanted", "kind", "text"),
    [
        ({"commission": 0.002}, "costs", "commission 0.2 %, spread none, slippage none"),
        (
            {"commission": {"perShare": 0.005, "fixed": 1, "relative": 0.001, "minimum": 2}, "slippage": "5bp"},
            "costs",
            "commission 0.1 % + 0.005 a share + 1 a fill, 2 at least, spread none, slippage 0.05 %",
        ),
        ({"commission": {"minimum": 2}}, "costs", "commission 2 a fill, spread none, slippage none"),
        (
            {"direction": "short", "fractionalShares": True, "closeAtEnd": False},
            "positions",
            "short only, all cash, fractional shares, left open at the end",
        ),
        (
            {"sizing": {"value": 0.5}},
            "positions",
            "long and short, 50 % of the cash, whole shares, closed at the end",
        ),
        (
            {"sizing": {"kind": "cash", "value": 2500}},
            "positions",
            "long and short, 2,500.00 each, whole shares, closed at the end",
        ),
        (
            {"sizing": {"kind": "shares", "value": 1500}},
            "positions",
            "long and short, 1,500 shares each, whole shares, closed at the end",
        ),
        (
            {"sizing": {"kind": "volatility", "value": 0.2}},
            "positions",
            "long and short, sized to a volatility of 20 %, whole shares, closed at the end",
        ),
        ({"fill": "close"}, "orders", "filled at the close that decided"),
        ({"limit": 0.01}, "orders", "entered by limits 1 % better than the close, left at the next open"),
        (
            {"limit": 0.01, "limitBars": 1},
            "orders",
            "entered by limits 1 % better than the close for 1 bar, left at the next open",
        ),
        (
            {"stopLoss": 0.05, "takeProfit": 0.1, "trailingStop": 0.03, "maxBars": 20},
            "exits",
            "stop loss 5 %, take profit 10 %, trailing stop 3 %, after 20 bars",
        ),
    ],
)
def test_configured_terms_are_in_words(wanted: dict[str, Any], kind: str, text: str) -> None:
    assert told(**wanted)[kind] == text
