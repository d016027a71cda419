"""Indicators against TA-Lib and pandas on real bars, and their independence of where the array begins."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import talib
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from tests.engine.random_runs import copied, random_bars, random_series
from tickfold.engine import indicators
from tickfold.engine.arrays import Floats
from tickfold.engine.bars import Bars, decimals_of
from tickfold.engine.calendar import MICROSECONDS_PER_DAY
from tickfold.engine.indicators import crosses, ema_lookback, rolling_sum, wilder_lookback
from tickfold.engine.signals import HOLD, LONG, SHORT
from tickfold.strategies import BUILT_IN

HOUR = MICROSECONDS_PER_DAY // 24


# --- against others --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("window", [1, 2, 3, 7, 8, 30, 200])
def test_rolling_sum_matches_pandas(goog: Bars, window: int) -> None:
    expected = pd.Series(goog.close).rolling(window).sum().to_numpy()
    assert_allclose(rolling_sum(goog.close, window), expected, rtol=1e-12)


@pytest.mark.parametrize("window", [2, 3, 7, 8, 30, 200])
def test_rolling_indicators_match_talib(goog: Bars, window: int) -> None:
    assert_allclose(indicators.sma(goog.close, window), talib.SMA(goog.close, window), rtol=1e-12)
    assert_array_equal(indicators.rolling_max(goog.high, window), talib.MAX(goog.high, window))
    assert_array_equal(indicators.rolling_min(goog.low, window), talib.MIN(goog.low, window))
    assert_allclose(indicators.rate_of_change(goog.close, window), talib.ROCP(goog.close, window), rtol=1e-9)
    lower, mean, upper = indicators.bollinger_bands(goog.close, window, 2.0)
    of_talib = talib.BBANDS(goog.close, timeperiod=window, nbdevup=2.0, nbdevdn=2.0)
    for ours, theirs in zip((upper, mean, lower), of_talib, strict=True):
        assert_allclose(ours, theirs, rtol=1e-8)


def test_donchian_channel_matches_pandas(goog: Bars) -> None:
    low, high = indicators.donchian_channel(goog, 20)
    assert_array_equal(low, pd.Series(goog.low).rolling(20).min())
    assert_array_equal(high, pd.Series(goog.high).rolling(20).max())


@pytest.mark.parametrize("span", [1, 2, 9, 26, 200])
def test_ema_matches_pandas(goog: Bars, span: int) -> None:
    expected = pd.Series(goog.close).ewm(span=span, adjust=False, min_periods=span).mean()
    assert_allclose(indicators.ema(goog.close, span), expected, rtol=1e-13)


@pytest.mark.parametrize("period", [2, 14, 50])
def test_wilder_and_rsi_match_pandas(goog: Bars, period: int) -> None:
    close = pd.Series(goog.close)
    expected = close.ewm(alpha=1 / period, adjust=False, min_periods=period).mean()
    assert_allclose(indicators.wilder(goog.close, period), expected, rtol=1e-13)
    changes = close.diff()
    rises, falls = (part.ewm(alpha=1 / period).mean() for part in (changes.clip(lower=0), -changes.clip(upper=0)))
    strength = (100 * rises / (rises + falls)).to_numpy()
    assert_allclose(indicators.rsi(goog.close, period)[period:], strength[period:], rtol=1e-12)


def test_exponential_indicators_match_talib_after_its_seed_has_decayed(goog: Bars) -> None:
    """TA-Lib seeds with the mean of the first values; after the lookback neither seed shows any more."""

    def assert_same(ours: Floats, theirs: Floats, decayed: int, rtol: float = 1e-11) -> None:
        assert decayed < len(goog) / 2
        assert_allclose(ours[decayed:], theirs[decayed:], rtol=rtol)

    assert_same(indicators.ema(goog.close, 26), talib.EMA(goog.close, 26), ema_lookback(26) + 26)
    assert_same(indicators.rsi(goog.close, 14), talib.RSI(goog.close, 14), wilder_lookback(14) + 14)
    true_range = indicators.true_range(goog)
    assert_allclose(true_range[1:], talib.TRANGE(goog.high, goog.low, goog.close)[1:], rtol=1e-12)
    atr = talib.ATR(goog.high, goog.low, goog.close, 14)
    assert_same(indicators.atr(goog, 14), atr, wilder_lookback(14) + 15)
    line, signal = indicators.macd(goog.close, 12, 26, 9)
    line_of_talib, signal_of_talib, _ = talib.MACD(goog.close, 12, 26, 9)
    decayed = indicators.macd_lookback(26, 9) + 35
    assert_allclose(line[decayed:], line_of_talib[decayed:], atol=1e-10)
    assert_allclose(signal[decayed:], signal_of_talib[decayed:], atol=1e-10)


def test_session_vwap_restarts_each_utc_day() -> None:
    count = 60
    rng = np.random.default_rng(1)
    close, volume = rng.integers(10, 20, count).astype(float), rng.integers(1, 9, count).astype(float)
    bars = Bars(np.arange(count) * HOUR + 20 * HOUR, close, close + 1, close - 2, close, volume)
    frame = pd.DataFrame({"pv": (close + close + 1 + close - 2) / 3 * volume, "v": volume})
    sums = frame.groupby(bars.timestamp // MICROSECONDS_PER_DAY).cumsum()
    assert_allclose(indicators.session_vwap(bars, 24), sums["pv"] / sums["v"], rtol=1e-13)
    last_five = indicators.session_vwap(bars, 5)
    assert last_five[27] == pytest.approx(frame["pv"][23:28].sum() / volume[23:28].sum())
    assert last_five[29] == pytest.approx(frame["pv"][28:30].sum() / volume[28:30].sum())


# --- edges -----------------------------------------------------------------------------------------------------------


def test_rolling_sum_fewer_values_than_window_is_nan() -> None:
    assert np.isnan(rolling_sum(np.ones(4), 5)).all()


@pytest.mark.parametrize("window", [0, -3])
def test_rolling_sum_window_below_one_raises(window: int) -> None:
    with pytest.raises(ValueError, match=f"a window of {window} bars; expected at least 1"):
        rolling_sum(np.ones(4), window)


def test_averages_constant_price_is_exact() -> None:
    price = np.full(900, 0.1)
    price[:20] = 7.3
    settled = slice(20 + ema_lookback(26), None)
    assert (indicators.ema(price, 26)[settled] == 0.1).all()
    assert (indicators.ema(price, 12)[settled] == 0.1).all()
    assert (indicators.bollinger_bands(price, 20, 2.0)[0][60:] == 0.1).all()
    assert np.isnan(indicators.rsi(price, 14)[20 + wilder_lookback(14) :]).all()


def test_rolling_deviation_large_mean_is_exact() -> None:
    values = 1e9 + np.tile([0.0, 1.0], 50)
    _, deviation = indicators.rolling_mean_and_deviation(values, 10)
    assert (deviation[9:] == 0.5).all()


def test_session_vwap_without_volume_is_nan() -> None:
    ones = np.ones(3)
    vwap = indicators.session_vwap(Bars(np.arange(3) * HOUR, ones, ones, ones, ones, np.array([0.0, 2.0, 0.0])), 2)
    assert_array_equal(vwap, [np.nan, 1.0, 1.0])


def test_crosses_are_strict_on_both_bars() -> None:
    first = np.array([1.0, 3.0, 2.0, 1.0, 2.0, 3.0, 1.0, np.nan, 3.0])
    second = np.full(9, 2.0)
    expected = [HOLD, LONG, HOLD, HOLD, HOLD, HOLD, SHORT, HOLD, HOLD]
    assert crosses(first, second).tolist() == expected


def test_reaches_touch_from_either_side() -> None:
    values = np.array([1.0, 2.0, 2.0, 3.0, 2.0, 1.0, 3.0, 1.0, np.nan, 3.0])
    expected = [False, True, False, False, True, False, True, True, False, False]
    assert indicators.reaches(values, np.full(10, 2.0)).tolist() == expected


# --- window purity ---------------------------------------------------------------------------------------------------

Indicator = Callable[[Bars, int], tuple[Floats, ...]]
WINDOW_PURE: dict[str, tuple[Indicator, Callable[[int], int]]] = {
    "rolling_sum": (lambda bars, n: (rolling_sum(bars.close, n),), lambda n: n - 1),
    "rolling_max": (lambda bars, n: (indicators.rolling_max(bars.close, n),), lambda n: n - 1),
    "rolling_min": (lambda bars, n: (indicators.rolling_min(bars.close, n),), lambda n: n - 1),
    "moments": (lambda bars, n: indicators.rolling_mean_and_deviation(bars.close, n), lambda n: n - 1),
    "exponential_sum": (lambda bars, n: (indicators.exponential_sum(bars.close, 0.7, n),), lambda n: n - 1),
    "sma": (lambda bars, n: (indicators.sma(bars.close, n),), lambda n: n - 1),
    "ema": (lambda bars, n: (indicators.ema(bars.close, n),), ema_lookback),
    "wilder": (lambda bars, n: (indicators.wilder(bars.close, n),), wilder_lookback),
    "rsi": (lambda bars, n: (indicators.rsi(bars.close, n),), wilder_lookback),
    "macd": (lambda bars, n: indicators.macd(bars.close, 1, 2, n), lambda n: indicators.macd_lookback(2, n)),
    "bollinger_bands": (lambda bars, n: indicators.bollinger_bands(bars.close, n, 2.0), lambda n: n - 1),
    "donchian_channel": (indicators.donchian_channel, lambda n: n - 1),
    "rate_of_change": (lambda bars, n: (indicators.rate_of_change(bars.close, n),), lambda n: n),
    "lag": (lambda bars, n: (indicators.lag(bars.close, n),), lambda n: n),
    "true_range": (lambda bars, _: (indicators.true_range(bars),), lambda _: 1),
    "atr": (lambda bars, n: (indicators.atr(bars, n),), lambda n: wilder_lookback(n) + 1),
    "session_vwap": (lambda bars, n: (indicators.session_vwap(bars, n),), lambda n: n - 1),
}


@pytest.mark.parametrize("name", WINDOW_PURE)
@given(bars=random_series(), n=st.integers(1, 9), begin=st.integers(0, 400))
def test_indicator_same_bits_wherever_the_array_starts(name: str, bars: Bars, n: int, begin: int) -> None:
    indicator, lookback = WINDOW_PURE[name]
    whole, part = indicator(bars, n), indicator(copied(bars[begin:]), n)
    for ours, theirs in zip(part, whole, strict=True):
        assert_array_equal(ours[lookback(n) :], theirs[begin + lookback(n) :])


@pytest.mark.parametrize("name", WINDOW_PURE)
@given(bars=random_series(), n=st.integers(1, 9), end=st.integers(0, 400))
def test_indicator_ignores_later_bars(name: str, bars: Bars, n: int, end: int) -> None:
    indicator, _ = WINDOW_PURE[name]
    for ours, theirs in zip(indicator(copied(bars[:end]), n), indicator(bars, n), strict=True):
        assert_array_equal(ours, theirs[:end])


@pytest.mark.parametrize("window", [1, 2, 10, 33, 9_000])
@pytest.mark.parametrize("count", [65_536, 65_537, 98_304, 200_001])
def test_rolling_sum_long_range_matches_each_window(window: int, count: int) -> None:
    ticks = np.random.default_rng(window).integers(-1_000, 1_000, count).astype(np.float64)
    total = np.append(0.0, np.cumsum(ticks))  # of whole numbers, thus exact
    assert_array_equal(rolling_sum(ticks, window)[window - 1 :], total[window:] - total[:-window])


@pytest.mark.parametrize(("fast", "slow"), [(1, 2), (10, 20), (50, 5_000)])
def test_sma_cross_long_range_matches_each_window(fast: int, slow: int) -> None:
    bars = random_bars(seed=1, count=200_001, grid=10, on_grid=True)
    total = np.append(0.0, np.cumsum(bars.close_ticks))
    sums = [np.append(np.full(n - 1, np.nan), total[n:] - total[:-n]) for n in (fast, slow)]
    signals = BUILT_IN.create("sma_cross", {"fast": fast, "slow": slow}).signals(bars)
    assert_array_equal(signals, crosses(sums[0] * slow, sums[1] * fast))


@pytest.mark.parametrize(
    ("prices", "decimals"),
    [([1, 2, 3], 0), ([1.5, 2.25], 2), ([100.1, 0.0001], 4), ([1 / 3], None), ([0.1 + 0.2], None)],
)
def test_decimals_of_returns_smallest_exact_number(prices: list[float], decimals: int | None) -> None:
    assert decimals_of(np.array(prices)) == decimals
