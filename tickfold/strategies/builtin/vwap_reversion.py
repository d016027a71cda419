"""VWAP reversion: against a close far from the session's volume-weighted average price, until it is back there."""

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tickfold.engine.bars import Bars
from tickfold.engine.indicators import reaches, session_vwap
from tickfold.engine.signals import FLAT, HOLD, LONG, SHORT, Signals
from tickfold.strategies.strategy import Strategy


class VwapReversion(Strategy):
    """Go long below VWAP · (1 − `band`) and short above VWAP · (1 + `band`); leave at VWAP, or as a session ends.

    VWAP = Σ price · volume / Σ volume with price (high + low + close) / 3, over the bars of the same session within
    the last `session_bars`. It is made for bars shorter than a day; the first bar of the next session ends one.
    Source of VWAP: Berkowitz, Logue and Noser, "The Total Cost of Transactions on the NYSE" (1988).
    """

    name: ClassVar[str] = "vwap_reversion"
    uses_volume: ClassVar[bool] = True

    band: Annotated[float, Field(gt=0, lt=1, description="Distance from VWAP, as a fraction of it.")] = 0.01
    session_bars: Annotated[int, Field(ge=1, le=10_000, description="Most bars of a session that count.")] = 390

    @property
    def lookback(self) -> int:
        return self.session_bars  # VWAP of the bar before

    def signals(self, bars: Bars) -> Signals:
        vwap = session_vwap(bars, self.session_bars)
        day = bars.session_dates
        signals = np.full(len(bars), HOLD, dtype=np.int8)
        signals[reaches(bars.close, vwap)] = FLAT
        signals[1:][day[1:] != day[:-1]] = FLAT
        signals[bars.close < vwap * (1 - self.band)] = LONG
        signals[bars.close > vwap * (1 + self.band)] = SHORT
        return signals
