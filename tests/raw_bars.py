"""Real daily bars as they were traded, and the splits and dividends in their years."""

from datetime import date
from typing import Any

import numpy as np
from bokeh_sampledata import stocks

from tickfold.engine.arrays import Floats
from tickfold.engine.bars import Bars
from tickfold.market_data.corporate_actions import CorporateAction

APPLE_SPLITS = [CorporateAction(day, "split", 2.0) for day in (date(2000, 6, 21), date(2005, 2, 28))]
APPLE_DIVIDENDS = [
    CorporateAction(date(2012, 8, 9), "dividend", 2.65, close_before=619.86),
    CorporateAction(date(2012, 11, 7), "dividend", 2.65, close_before=582.8495),
    CorporateAction(date(2013, 2, 7), "dividend", 2.65, close_before=457.35),
]


def raw_bars(symbol: str) -> tuple[Bars, Floats]:
    """Return a symbol's bars from 2000-03-01 to 2013-03-01, and the adjusted closes that their source has."""
    table: dict[str, Any] = getattr(stocks, symbol)
    times = np.array(table["date"], dtype="datetime64[us]").astype(np.int64)
    opens, highs, lows, closes, volumes = (
        np.array(table[name], dtype=np.float64) for name in ("open", "high", "low", "close", "volume")
    )
    bars = Bars(times, opens, highs, lows, closes, volumes)
    return bars, np.array(table["adj_close"], dtype=np.float64)
