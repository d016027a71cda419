"""The figures of a small run as they are drawn: `python -m tests.report.golden_figures` writes figures.json anew."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.report.conftest import recorded
from tickfold.engine.bars import Bars
from tickfold.report import figures
from tickfold.report.drawdown_table import underwater

FILE = Path(__file__).with_name("figures.json")
DAY = 86_400_000_000


def few_bars(step: int = DAY) -> Bars:
    """Twelve bars, up, down and up again."""
    close = np.array([10.0, 11, 12, 13, 12, 11, 10, 9, 10, 11, 12, 13])
    timestamp = 1_577_836_800_000_000 + np.arange(len(close)) * step
    return Bars(timestamp, close, close + 0.5, close - 0.5, close, np.ones(len(close)), decimals=2)


def drawn() -> dict[str, Any]:
    """Return every figure of the run, its numbers as numbers."""
    found = {}
    for name, step in (("days", DAY), ("hours", DAY // 24)):
        run = recorded(few_bars(step), strategy="sma_cross", parameters={"fast": 1, "slow": 2}, max_bars=3)
        curve, every = run.curve, np.arange(len(run.curve))
        benchmark = np.append(np.full(2, np.nan), 1_000 * curve.close[2:])
        found[name] = {
            "equity": figures.equity_figure(curve, benchmark, every),
            "drawdown": figures.drawdown_figure(curve, underwater(curve.equity, curve.capital), every),
            "trades": figures.trades_figure(curve, run.trades, every),
            "distribution": figures.distribution_figure(run.trades),
        }
    many = run.trades[np.arange(12) % 2]
    found["returns"] = {
        "wide": figures.distribution_figure(replace(many, trade_return=np.linspace(-0.12, 0.3, 12))),
        "narrow": figures.distribution_figure(replace(many, trade_return=np.repeat([-0.0012, 0.003], 6))),
    }
    unpacked: dict[str, Any] = _unpacked(found)
    return unpacked


def _unpacked(value: Any) -> Any:
    match value:
        case {"bdata": str(data), "dtype": str(kind)}:
            return [None if np.isnan(one) else one for one in np.frombuffer(base64.b64decode(data), kind).tolist()]
        case dict():
            return {name: _unpacked(each) for name, each in value.items()}
        case list():
            return [_unpacked(each) for each in value]
    return value


if __name__ == "__main__":
    FILE.write_text(json.dumps(drawn(), indent=1) + "\n")
