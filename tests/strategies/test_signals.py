"""The signals of each strategy on real bars, against its formula as pandas or a plain loop has it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from tickfold.engine.bars import Bars
from tickfold.engine.calendar import MICROSECONDS_PER_DAY
from tickfold.engine.indicators import rsi
from tickfold.engine.signals import FLAT, HOLD, LONG, SHORT
from tickfold.errors import RunError
from tickfold.strategies import BUILT_IN

Formula = Callable[[Bars], list[int]]


def cross(first: pd.Series, second: pd.Series) -> list[int]:
    apart = first - second
    return [
        HOLD if i == 0 else LONG if apart[i - 1] < 0 < apart[i] else SHORT if apart[i - 1] > 0 > apart[i] else HOLD
        for i in range(len(apart))
    ]


def reversion(value: pd.Series, lower: pd.Series, middle: pd.Series, upper: pd.Series) -> list[int]:
    """Against what lies outside lower…upper; flat where the value comes to the middle, or past it."""
    signals = []
    for i in range(len(value)):
        rose = i > 0 and value[i - 1] < middle[i - 1] and value[i] >= middle[i]
        fell = i > 0 and value[i - 1] > middle[i - 1] and value[i] <= middle[i]
        outside = LONG if value[i] < lower[i] else SHORT if value[i] > upper[i] else HOLD
        signals.append(outside or (FLAT if rose or fell else HOLD))
    return signals


def closes(bars: Bars) -> pd.Series:
    return pd.Series(bars.close)


def ticks(bars: Bars) -> pd.Series:
    """Closes as whole numbers, of which pandas' sums are exact: ties are ties."""
    assert bars.decimals is not None
    return pd.Series(np.rint(bars.close * 10**bars.decimals))


def level(bars: Bars, value: float) -> pd.Series:
    return pd.Series(np.full(len(bars), value))


def ema(values: pd.Series, span: int) -> pd.Series:
    return values.ewm(span=span, adjust=False, min_periods=span).mean()


def sma_cross(bars: Bars) -> list[int]:
    return cross(ticks(bars).rolling(10).sum() * 3, ticks(bars).rolling(30).sum())


def ema_cross(bars: Bars) -> list[int]:
    return cross(ema(closes(bars), 12), ema(closes(bars), 26))


def macd(bars: Bars) -> list[int]:
    line = ema(closes(bars), 12) - ema(closes(bars), 26)
    return cross(line, ema(line, 9))


def donchian_breakout(bars: Bars) -> list[int]:
    signals = [HOLD] * len(bars)
    for i in range(20, len(bars)):
        if bars.close[i] > max(bars.high[i - 20 : i]):
            signals[i] = LONG
        elif bars.close[i] < min(bars.low[i - 20 : i]):
            signals[i] = SHORT
    return signals


def momentum(bars: Bars) -> list[int]:
    change = closes(bars).pct_change(126)
    return [LONG if each > 0.02 else SHORT if each < -0.02 else HOLD for each in change]


def rsi_reversion(bars: Bars) -> list[int]:
    changes = closes(bars).diff()
    rises, falls = (part.ewm(alpha=1 / 14).mean() for part in (changes.clip(lower=0), -changes.clip(upper=0)))
    index = 100 - 100 / (1 + rises / falls)
    index[:14] = np.nan
    return reversion(index, level(bars, 30), level(bars, 50), level(bars, 70))


def bollinger_reversion(bars: Bars) -> list[int]:
    windows = closes(bars).rolling(20)
    mean, deviation = windows.mean(), windows.std(ddof=0)
    return reversion(closes(bars), mean - 2 * deviation, mean, mean + 2 * deviation)


def vwap_reversion(bars: Bars) -> list[int]:
    frame = pd.DataFrame({"high": bars.high, "low": bars.low, "close": bars.close, "volume": bars.volume})
    frame["traded"] = (frame.high + frame.low + frame.close) / 3 * frame.volume
    day = pd.Series(bars.timestamp // MICROSECONDS_PER_DAY)
    sums = frame.groupby(day).cumsum()
    vwap = sums.traded / sums.volume
    signals = reversion(closes(bars), vwap * 0.995, vwap, vwap * 1.005)
    return [FLAT if i and day[i] != day[i - 1] and not each else each for i, each in enumerate(signals)]


def buy_and_hold(bars: Bars) -> list[int]:
    return [HOLD] + [LONG] * (len(bars) - 1)


FORMULAS: dict[str, tuple[Formula, dict[str, int | float]]] = {
    "sma_cross": (sma_cross, {}),
    "ema_cross": (ema_cross, {}),
    "macd": (macd, {}),
    "donchian_breakout": (donchian_breakout, {}),
    "momentum": (momentum, {"threshold": 0.02}),
    "rsi_reversion": (rsi_reversion, {}),
    "bollinger_reversion": (bollinger_reversion, {}),
    "vwap_reversion": (vwap_reversion, {"band": 0.005}),
    "buy_and_hold": (buy_and_hold, {}),
}


@pytest.mark.parametrize("series", ["goog", "eurusd"])
@pytest.mark.parametrize("name", BUILT_IN.strategies)
def test_strategy_signals_match_the_formula(name: str, series: str, request: pytest.FixtureRequest) -> None:
    bars: Bars = request.getfixturevalue(series)
    formula, parameters = FORMULAS[name]
    expected = formula(bars)
    assert_array_equal(BUILT_IN.create(name, parameters).signals(bars), np.array(expected, dtype=np.int8))
    assert {LONG} <= set(expected)  # the formula really says something on these bars


@pytest.mark.parametrize("exit_level", [30, 50, 62.5, 70])
def test_rsi_reversion_holds_each_side_until_the_exit_level(goog: Bars, exit_level: float) -> None:
    """What is held follows from what was held before: the rule as a trader would say it."""
    index = rsi(goog.close_ticks, 14)
    expected = [0]
    for value in index[1:]:
        held = expected[-1]
        left = (held == 1 and value >= exit_level) or (held == -1 and value <= exit_level)
        expected.append(1 if value < 30 else -1 if value > 70 else 0 if left else held)
    sides = [0]
    for signal in BUILT_IN.create("rsi_reversion", {"exit_level": exit_level}).signals(goog)[1:]:
        sides.append({LONG: 1, SHORT: -1, FLAT: 0}.get(int(signal), sides[-1]))
    assert sides == expected
    assert set(expected) == {-1, 0, 1}


def test_vwap_reversion_positions_end_with_the_utc_day(eurusd: Bars) -> None:
    signals = BUILT_IN.create("vwap_reversion", {"band": 0.005}).signals(eurusd)
    day = eurusd.timestamp // MICROSECONDS_PER_DAY
    first = np.flatnonzero(np.diff(day)) + 1
    assert HOLD not in signals[first]


@pytest.mark.parametrize(
    ("name", "parameters", "reason"),
    [
        ("sma_cross", {"fast": 30, "slow": 30}, "fast (30) must be less than slow (30)"),
        ("ema_cross", {"fast": 30}, "fast (30) must be less than slow (26)"),
        ("macd", {"fast": 26}, "fast (26) must be less than slow (26)"),
        ("macd", {"signal": 1}, "signal 1: input should be greater than or equal to 2"),
        ("rsi_reversion", {"lower": 60}, "lower (60), exit_level (50) and upper (70) must be in this order"),
        ("rsi_reversion", {"lower": 50, "upper": 50}, "and lower less than upper"),
        ("rsi_reversion", {"upper": 100}, "upper 100: input should be less than 100"),
        ("bollinger_reversion", {"window": 1}, "window 1: input should be greater than or equal to 2"),
        ("bollinger_reversion", {"deviations": 0}, "deviations 0: input should be greater than 0"),
        ("donchian_breakout", {"window": 20.5}, "window 20.5: input should be a valid integer"),
        ("vwap_reversion", {"band": 1}, "band 1: input should be less than 1"),
        ("momentum", {"threshold": float("inf")}, "threshold inf: input should be a finite number"),
        ("momentum", {"threshold": -0.1}, "threshold -0.1: input should be greater than or equal to 0"),
        ("buy_and_hold", {"fast": 1}, "strategy buy_and_hold has no parameter fast; it has: none"),
        ("momentum", {"bars": 1}, "strategy momentum has no parameter bars; it has: period, threshold"),
        ("nonsense", {}, "unknown strategy 'nonsense'; known strategies: bollinger_reversion, buy_and_hold, "),
    ],
)
def test_create_invalid_parameters_raise(name: str, parameters: dict[str, Any], reason: str) -> None:
    with pytest.raises(RunError) as refused:
        BUILT_IN.create(name, parameters)
    assert reason in str(refused.value)
