"""The golden run: what backtesting.py 0.6.6 gives for an SMA cross 10/30 of GOOG.csv, which its wheel carries.

Daily 2004-08-19 to 2013-03-01, 10,000 dollars, no costs, whole shares, long and short, closed at the last bar's open.
"""

from collections.abc import Mapping
from pathlib import Path

import backtesting
import pytest

GOOG = Path(backtesting.__file__).parent / "test" / "GOOG.csv"

SMA_10_30 = {
    "final_equity": 51422.99,
    "peak_equity": 75787.44,
    "total_return": 4.142299,
    "buy_and_hold_return": 7.034582419772773,  # its own begins with the strategy's indicators: 5.2206
    "annual_return": 0.21191099249053224,
    "annual_volatility": 0.3649716090702389,
    "cagr": 0.21160245705962623,
    "sharpe": 0.5806232244485349,
    "sortino": 1.0853434352488662,
    "calmar": 0.44166409202994605,
    "max_drawdown": -0.4798012705007589,
    "average_drawdown": -0.05925851581948801,
    "max_drawdown_duration": 584,
    "average_drawdown_duration": 41,
    "trades": 66,
    "periods_per_year": 252,
    "turnover": 15.258374493636062,  # of its trades and its equity curve; it has no such figure itself
}
"""Known to all digits."""

ROUNDED = {
    "win_rate": 0.4696969697,
    "best_trade": 0.5359595229,
    "worst_trade": -0.1839887354,
    "average_trade": 0.02531715975,
    "profit_factor": 2.167945974,
    "expectancy": 0.03274808,
    "sqn": 1.07661874,
    "kelly": 0.15187051,
    "exposure": 0.9674115456,
    "alpha": 3.8747463,  # of the benchmark above
    "commissions": 0,
    "cost_paid": 0,
    "beta": 0.03803391,
}
"""Known to the digits that are written."""


def assert_golden(metrics: Mapping[str, float | None]) -> None:
    """Compare every metric: there is no other, and none is missing."""
    assert set(metrics) == set(SMA_10_30) | set(ROUNDED)
    for name, value in SMA_10_30.items():
        assert metrics[name] == pytest.approx(value, rel=1e-8), name
    for name, value in ROUNDED.items():
        digits = len(repr(value).partition(".")[2])
        assert round(metrics[name] or 0.0, digits) == value, name
