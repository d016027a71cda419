"""Every strategy's signals once more, by pandas: its own rolling and exponential windows, and the textbook's formula.

pandas' windows are sums that run on from bar to bar, so on bars where averages tie it may see another cross. Prices
are in whole ticks, as they are for the engine, so that pandas has as few such bars as it can.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from tests.peers.peer import ticks_of
from tickfold.engine.signals import FLAT, HOLD, LONG, SHORT, Signals
from tickfold.strategies import Strategy


def by_pandas(frame: pd.DataFrame, strategy: Strategy) -> Signals:
    """Return the signals that `strategy` should give over the peer's `frame`."""
    return _FORMULAS[strategy.name](frame, **strategy.model_dump())


def _buy_and_hold(frame: pd.DataFrame) -> Signals:
    signals = np.full(len(frame), LONG, dtype=np.int8)
    signals[0] = HOLD
    return signals


def _sma_cross(frame: pd.DataFrame, fast: int, slow: int) -> Signals:
    close = ticks_of(frame)["Close"]
    return _crosses(close.rolling(fast).mean(), close.rolling(slow).mean())


def _ema_cross(frame: pd.DataFrame, fast: int, slow: int) -> Signals:
    close = ticks_of(frame)["Close"]
    return _crosses(_ema(close, fast), _ema(close, slow))


def _macd(frame: pd.DataFrame, fast: int, slow: int, signal: int) -> Signals:
    close = ticks_of(frame)["Close"]
    line = _ema(close, fast) - _ema(close, slow)
    return _crosses(line, _ema(line, signal))


def _donchian_breakout(frame: pd.DataFrame, window: int) -> Signals:
    highest = frame["High"].rolling(window).max().shift()
    lowest = frame["Low"].rolling(window).min().shift()
    return _signals(long=frame["Close"] > highest, short=frame["Close"] < lowest)


def _momentum(frame: pd.DataFrame, period: int, threshold: float) -> Signals:
    change = ticks_of(frame)["Close"].pct_change(period)
    return _signals(long=change > threshold, short=change < -threshold)


def _rsi_reversion(frame: pd.DataFrame, period: int, lower: float, upper: float, exit_level: float) -> Signals:
    change = ticks_of(frame)["Close"].diff()
    rises, falls = (side.clip(lower=0).ewm(alpha=1 / period, min_periods=period).mean() for side in (change, -change))
    index = 100 - 100 / (1 + rises / falls)
    return _signals(long=index < lower, short=index > upper, flat=_reaches(index - exit_level))


def _bollinger_reversion(frame: pd.DataFrame, window: int, deviations: float) -> Signals:
    close = ticks_of(frame)["Close"]
    mean, deviation = close.rolling(window).mean(), close.rolling(window).std(ddof=0)
    score = (close - mean) / deviation
    return _signals(long=score < -deviations, short=score > deviations, flat=_reaches(close - mean))


def _vwap_reversion(frame: pd.DataFrame, band: float, session_bars: int) -> Signals:
    day = pd.DatetimeIndex(frame.index).normalize()
    traded = frame[["High", "Low", "Close"]].mean(axis=1) * frame["Volume"]

    def session(values: pd.Series) -> pd.Series:
        sums = values.groupby(day).rolling(session_bars, min_periods=1).sum()
        return pd.Series(sums.to_numpy(), frame.index)

    distance = frame["Close"] / (session(traded) / session(frame["Volume"])) - 1
    new_day = pd.Series(np.append(False, day[1:] != day[:-1]), frame.index)
    return _signals(long=distance < -band, short=distance > band, flat=_reaches(distance) | new_day)


_FORMULAS: dict[str, Callable[..., Signals]] = {
    "buy_and_hold": _buy_and_hold,
    "sma_cross": _sma_cross,
    "ema_cross": _ema_cross,
    "macd": _macd,
    "donchian_breakout": _donchian_breakout,
    "momentum": _momentum,
    "rsi_reversion": _rsi_reversion,
    "bollinger_reversion": _bollinger_reversion,
    "vwap_reversion": _vwap_reversion,
}


def _ema(values: pd.Series, span: int) -> pd.Series:
    return values.ewm(span=span, adjust=False, min_periods=span).mean()


def _crosses(first: pd.Series, second: pd.Series) -> Signals:
    above, below = first > second, first < second
    return _signals(long=above & below.shift(fill_value=False), short=below & above.shift(fill_value=False))


def _reaches(distance: pd.Series) -> pd.Series:
    """Return where `distance` comes to zero, or past it."""
    before = distance.shift()
    return ((before < 0) & (distance >= 0)) | ((before > 0) & (distance <= 0))


def _signals(long: pd.Series, short: pd.Series, flat: Any = False) -> Signals:
    """Return the signals; one to be on a side counts more than one to be on none."""
    return np.select([long, short, flat], [LONG, SHORT, FLAT], HOLD).astype(np.int8)
