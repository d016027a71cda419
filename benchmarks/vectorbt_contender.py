"""vectorbt: indicator, crosses, `Portfolio.from_signals` and statistics, on either of its engines.

It computes only the statistics that Tickfold has too.
"""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import vectorbt as vbt

from benchmarks.contender import CAPITAL, FAST, PAIRS, SLOW, STOP_LOSS, TAKE_PROFIT

warnings.simplefilter("ignore")  # pandas' deprecations

STATISTICS = [
    "end_value",
    "total_return",
    "benchmark_return",
    "total_fees_paid",
    "max_dd",
    "max_dd_duration",
    "total_closed_trades",
    "win_rate",
    "best_trade",
    "worst_trade",
    "profit_factor",
    "expectancy",
    "sharpe_ratio",
    "calmar_ratio",
    "sortino_ratio",
]


def contender(name: str) -> "Vectorbt":
    return Vectorbt(name.removeprefix("vectorbt-"))


class Vectorbt:
    def __init__(self, engine: str) -> None:
        self._engine = engine

    def load(self, file: Path) -> pd.DataFrame:
        # Without a time zone: checking an index with one takes vectorbt longer than everything else.
        return pd.read_parquet(file).set_index("timestamp").tz_localize(None)

    def run(self, bars: Any) -> int:
        return self._cross(bars, [FAST], [SLOW])

    def sweep(self, bars: Any) -> int:
        fast, slow = zip(*PAIRS, strict=True)
        return self._cross(bars, list(fast), list(slow))

    def run_with_stops(self, bars: Any) -> int:
        prices = {name: bars[name] for name in ("open", "high", "low")}
        return self._cross(
            bars, [FAST], [SLOW], sl_stop=STOP_LOSS, tp_stop=TAKE_PROFIT, stop_entry_price="price", **prices
        )

    def _cross(self, bars: pd.DataFrame, fast: list[int], slow: list[int], **stops: Any) -> int:
        vbt.settings["engine"] = self._engine
        short, long = (vbt.MA.run(bars["close"], window=windows) for windows in (fast, slow))
        up, down = short.ma_crossed_above(long), short.ma_crossed_below(long)
        portfolio = vbt.Portfolio.from_signals(
            bars["close"],
            entries=_next_bar(up),
            short_entries=_next_bar(down),
            price=bars["open"],
            size_granularity=1.0,
            init_cash=CAPITAL,
            freq="1min",
            **stops,
        )
        found = portfolio.stats(metrics=STATISTICS, agg_func=None)
        return int(np.sum(found["Total Closed Trades"]))


def _next_bar(signals: Any) -> Any:
    """Shift signals to the bar that fills them."""
    values = signals.to_numpy()
    moved = np.zeros_like(values)
    moved[1:] = values[:-1]
    return signals.vbt.wrapper.wrap(moved)
