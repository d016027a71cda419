"""Indicators as window-pure functions of bars: every cut of a range computes the same numbers.

An indicator's value at a bar depends on that bar and a fixed number of bars before it, its lookback. It is the same to
the last bit wherever the array starts, as long as those bars are in it, or the array starts with the run's first bar.
Arrays have shape (bars,); a value that is not defined yet is NaN.
"""

from collections.abc import Callable
from math import ceil
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tickfold.engine.arrays import Flags, Floats
from tickfold.engine.bars import Bars
from tickfold.engine.powers import whole_power
from tickfold.engine.signals import HOLD, LONG, SHORT, Signals

T = TypeVar("T")
S = TypeVar("S", Floats, Bars)
N = TypeVar("N", bound=np.generic)

_CACHED_BARS = 32_768
_NEGLIGIBLE = 37
"""A weight of e⁻³⁷ = 8.5e-17 is below half the resolution of a float64 near 1."""


# --- windows by doubling ---------------------------------------------------------------------------------------------


def _over_window(bar_by_bar: T, window: int, join: Callable[[T, T, int, int], T]) -> T:
    """Return, at each bar, the reduction of the last `window` bars by `join`.

    Windows of 2, 4, 8 … bars are joined from two halves; those that add up to `window` are joined from the latest
    back. A window is thus always joined from its own bars in the same order, unlike a running total.

    `join(recent, older, n, m)` joins windows of n bars with the windows of m bars that end n bars earlier.

    Raises:
        ValueError: `window` is less than 1.
    """
    if window < 1:
        raise ValueError(f"a window of {window} bars; expected at least 1")
    block, width = bar_by_bar, 1
    total, size = None, 0
    while True:
        if window & width:
            total, size = block if total is None else join(total, block, size, width), size + width
        if total is not None and size == window:
            return total
        block, width = join(block, block, width, width), 2 * width


def piecewise(series: S, lookback: int, work: Callable[[S], npt.NDArray[N]]) -> npt.NDArray[N]:
    """Return `work(series)`, computed in pieces that fit into the processor's cache, which halves the time.

    `work` must return one value per bar that depends on that bar and the `lookback` before it.
    """
    piece = max(_CACHED_BARS, 8 * lookback)
    if len(series) <= 2 * piece:
        return work(series)
    starts = range(0, len(series), piece)
    parts = [work(series[max(at - lookback, 0) : at + piece])[min(at, lookback) :] for at in starts]
    return np.concatenate(parts)


def _joined(values: Floats, window: int, combine: np.ufunc) -> Floats:
    return piecewise(values, window - 1, lambda piece: _over_window(piece, window, _both(combine)))


def rolling_sum(values: Floats, window: int) -> Floats:
    """Return the sum of the last `window` values at each bar; looks back `window` − 1 bars."""
    return _joined(values, window, np.add)


def rolling_max(values: Floats, window: int) -> Floats:
    """Return the largest of the last `window` values at each bar; looks back `window` − 1 bars."""
    return _joined(values, window, np.maximum)


def rolling_min(values: Floats, window: int) -> Floats:
    """Return the smallest of the last `window` values at each bar; looks back `window` − 1 bars."""
    return _joined(values, window, np.minimum)


def rolling_mean_and_deviation(values: Floats, window: int) -> tuple[Floats, Floats]:
    """Return mean and population standard deviation of the last `window` values; looks back `window` − 1 bars.

    Halves are joined as in Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample
    Variances" (1979): no cancellation, and the deviation of equal values is 0.
    """
    mean, squares = _over_window((values, np.zeros(len(values))), window, _join_moments)
    return mean, np.sqrt(squares / window)


def exponential_sum(values: Floats, decay: float, window: int) -> Floats:
    """Return Σ decayᵏ · values[i − k] over the last `window` values; looks back `window` − 1 bars.

    Values before the array's first count as zeros.
    """

    def join(recent: Floats, older: Floats, n: int, _: int) -> Floats:
        joined = recent.copy()
        joined[n:] += whole_power(decay, n) * older[:-n]
        return joined

    return _over_window(values, window, join)


def _both(combine: np.ufunc) -> Callable[[Floats, Floats, int, int], Floats]:
    def join(recent: Floats, older: Floats, n: int, _: int) -> Floats:
        joined = np.empty(len(recent))
        joined[:n] = np.nan
        combine(recent[n:], older[:-n], out=joined[n:])
        return joined

    return join


def _join_moments(recent: tuple[Floats, Floats], older: tuple[Floats, Floats], n: int, m: int) -> tuple[Floats, Floats]:
    """Join means and sums of squared deviations."""
    mean, squares = (np.full(len(recent[0]), np.nan) for _ in range(2))
    apart = older[0][:-n] - recent[0][n:]
    mean[n:] = recent[0][n:] + apart * (m / (n + m))
    squares[n:] = recent[1][n:] + older[1][:-n] + apart**2 * (n * m / (n + m))
    return mean, squares


# --- averages --------------------------------------------------------------------------------------------------------


def sma(values: Floats, window: int) -> Floats:
    """Return the simple moving average, rolling_sum / `window`; looks back `window` − 1 bars."""
    return rolling_sum(values, window) / window


def ema(values: Floats, span: int) -> Floats:
    """Return the exponential moving average with α = 2 / (`span` + 1); looks back `ema_lookback(span)` bars.

    EMA[i] = α · values[i] + (1 − α) · EMA[i − 1], starting with the first value: pandas' `ewm(span=span,
    adjust=False, min_periods=span)`, here over the window beyond which weights are lost in rounding.
    """
    return _exponential_average(values, 2 / (span + 1), span)


def wilder(values: Floats, period: int) -> Floats:
    """Return Wilder's smoothing: an exponential average with α = 1 / `period`; looks back `wilder_lookback(period)`.

    Source: J. Welles Wilder, "New Concepts in Technical Trading Systems" (1978).
    """
    return _exponential_average(values, 1 / period, period)


def ema_lookback(span: int) -> int:
    """Return the lookback of `ema`: about 18.5 bars per bar of its span."""
    return _exponential_lookback(2 / (span + 1))


def wilder_lookback(period: int) -> int:
    """Return the lookback of `wilder` and `rsi`: 37 bars per bar of the period."""
    return _exponential_lookback(1 / period)


def _exponential_lookback(alpha: float) -> int:
    return ceil(_NEGLIGIBLE / alpha)


def _exponential_average(values: Floats, alpha: float, fewest: int) -> Floats:
    """Return the average of `values`, which may be NaN at the start only; defined from the `fewest`-th value on.

    With d = 1 − α the average is values[i] − Σ dᵏ⁺¹ · (values[i − k] − values[i − k − 1]). The average of equal values
    is that value, so two averages of them are equal; zero changes before the first value stand for that value.
    """
    changes = np.zeros(len(values))
    changes[1:] = values[1:] - values[:-1]
    undefined = np.isnan(changes) | np.isnan(values)
    changes[undefined] = 0.0
    average = values - (1 - alpha) * exponential_sum(changes, 1 - alpha, _exponential_lookback(alpha))
    first = int(np.isnan(values).argmin()) if len(values) else 0
    average[: first + fewest - 1] = np.nan
    return average


# --- oscillators and channels ----------------------------------------------------------------------------------------


def rate_of_change(values: Floats, bars: int) -> Floats:
    """Return values[i] / values[i − `bars`] − 1, a fraction; looks back `bars` bars."""
    return values / lag(values, bars) - 1


def rsi(values: Floats, period: int) -> Floats:
    """Return the relative strength index, 0 to 100; looks back `wilder_lookback(period)` bars.

    RSI = 100 · G / (G + L), with G and L Wilder's smoothed gains and losses. It is NaN where the window has neither,
    and at the first `period` bars. Source: Wilder (1978), but without his seed, the mean of the first gains and losses:
    the weights apply to the changes there are.
    """
    changes = np.zeros(len(values))
    changes[1:] = values[1:] - values[:-1]
    decay, window = 1 - 1 / period, wilder_lookback(period)
    rises = exponential_sum(np.maximum(changes, 0), decay, window)
    falls = exponential_sum(np.maximum(-changes, 0), decay, window)
    index = _divided(100 * rises, rises + falls)
    index[:period] = np.nan
    return index


def macd(values: Floats, fast: int, slow: int, signal: int) -> tuple[Floats, Floats]:
    """Return the MACD line, ema(fast) − ema(slow), and its signal line, the line's ema(signal).

    They look back `macd_lookback(slow, signal)` bars. Source: Gerald Appel, "Technical Analysis: Power Tools for
    Active Investors" (2005).
    """
    line = ema(values, fast) - ema(values, slow)
    return line, ema(line, signal)


def macd_lookback(slow: int, signal: int) -> int:
    """Return the lookback of `macd`: the signal line is an average of averages."""
    return ema_lookback(slow) + ema_lookback(signal)


def bollinger_bands(values: Floats, window: int, deviations: float) -> tuple[Floats, Floats, Floats]:
    """Return lower band, mean and upper band, `deviations` population standard deviations apart.

    They look back `window` − 1 bars. Source: John Bollinger, "Bollinger on Bollinger Bands" (2001).
    """
    mean, deviation = rolling_mean_and_deviation(values, window)
    return mean - deviations * deviation, mean, mean + deviations * deviation


def donchian_channel(bars: Bars, window: int) -> tuple[Floats, Floats]:
    """Return the lowest low and the highest high of the last `window` bars; looks back `window` − 1 bars."""
    return rolling_min(bars.low, window), rolling_max(bars.high, window)


def true_range(bars: Bars) -> Floats:
    """Return the true range of each bar, the gap before it included; looks back one bar.

    max(high, previous close) − min(low, previous close); at the first bar high − low. Source: Wilder (1978).
    """
    before = lag(bars.close, 1)
    return np.fmax(bars.high, before) - np.fmin(bars.low, before)


def atr(bars: Bars, period: int) -> Floats:
    """Return the average true range, `wilder` of `true_range`; looks back `wilder_lookback(period)` + 1 bars."""
    return wilder(true_range(bars), period)


def session_vwap(bars: Bars, session_bars: int) -> Floats:
    """Return the volume-weighted average price of the session so far; looks back `session_bars` − 1 bars.

    Σ price · volume / Σ volume over the bars of the same session among the last `session_bars`, with the price
    (high + low + close) / 3 of each. It is NaN while the volume is 0.
    """
    day = bars.session_dates

    def join(recent: Floats, older: Floats, n: int, _: int) -> Floats:
        joined = recent.copy()
        joined[n:] += np.where(day[n:] == day[:-n], older[:-n], 0.0)
        return joined

    traded = (bars.high + bars.low + bars.close) / 3 * bars.volume
    return _divided(_over_window(traded, session_bars, join), _over_window(bars.volume, session_bars, join))


# --- events ----------------------------------------------------------------------------------------------------------


def lag(values: Floats, bars: int) -> Floats:
    """Return, at each bar, the value `bars` bars before it; looks back `bars` bars."""
    lagged = np.full(len(values), np.nan)
    lagged[bars:] = values[: max(len(values) - bars, 0)]
    return lagged


def crosses(first: Floats, second: Floats) -> Signals:
    """Return LONG where `first` crosses above `second`, SHORT where it crosses below; looks back one bar more.

    A cross is strictly on one side at the previous bar and strictly on the other at this one: a tie on the way is no
    cross.
    """
    above, below = first > second, first < second
    up, down = above[1:] & below[:-1], below[1:] & above[:-1]
    signals = np.full(len(first), HOLD, dtype=np.int8)
    signals[1:][up] = LONG
    signals[1:][down] = SHORT
    return signals


def reaches(values: Floats, level: Floats) -> Flags:
    """Return where `values` reach or pass `level` from either side; looks back one bar more."""
    reached = np.zeros(len(values), dtype=np.bool_)
    reached[1:] = ((values[:-1] < level[:-1]) & (values[1:] >= level[1:])) | (
        (values[:-1] > level[:-1]) & (values[1:] <= level[1:])
    )
    return reached


def _divided(dividend: Floats, divisor: Floats) -> Floats:
    """Return the quotient, NaN where the divisor is 0."""
    quotient = np.full(len(dividend), np.nan)
    np.divide(dividend, divisor, out=quotient, where=divisor != 0)
    return quotient
