"""Where things lie in the bucket: changing a key would orphan what was written under the old one."""

import re
from datetime import date

import pytest

from tickfold.engine.timeframe import TIMEFRAME_PATTERN
from tickfold.storage import layout


def test_keys() -> None:
    assert [
        layout.series_key("AAPL", "1d"),
        layout.bars_key("AAPL", "1d", 2024),
        layout.manifest_key("r"),
        layout.items_key("r"),
        layout.chunk_key("r", "AAPL", 42),
        layout.run_key("r", date(2026, 1, 31)),
        layout.trades_key("r"),
        layout.equity_key("r"),
        layout.runs_by_symbol_key("r"),
        layout.equity_by_symbol_key("r"),
        layout.sweep_key("r"),
        layout.walk_forward_key("r"),
        layout.portfolio_key(layout.PORTFOLIO_FILLS, "_p-1", date(2026, 1, 31)),
        layout.portfolio_checkpoint_key("_p-1"),
    ] == [
        "data/series/AAPL/1d.json",
        "data/bars/AAPL/1d/2024.parquet",
        "data/chunks/run_id=r/manifest.json",
        "data/chunks/run_id=r/items.json",
        "data/chunks/run_id=r/symbol=AAPL/00042.parquet",
        "data/runs/year=2026/r.parquet",
        "data/trades/run_id=r/trades.parquet",
        "data/equity/run_id=r/equity.parquet",
        "data/runs_by_symbol/run_id=r/runs_by_symbol.parquet",
        "data/equity_by_symbol/run_id=r/equity_by_symbol.parquet",
        "data/sweeps/run_id=r/sweep.parquet",
        "data/walk_forward/run_id=r/walk_forward.parquet",
        "data/portfolios/fills/year=2026/01-_p-1.parquet",
        "data/portfolios/checkpoints/_p-1.json",
    ]


def test_prefixes_beside_the_tables() -> None:
    assert (layout.PACKAGES, layout.LOGS, layout.DATA, layout.ATHENA) == ("lambda/", "logs/", "data/", "data/athena/")


@pytest.mark.parametrize("symbol", ["AAPL", "BRK.B", "ES=F", "^GSPC", "BTC/USD", "ÄÖ"])
def test_series_of_a_key_is_found_again(symbol: str) -> None:
    assert layout.series_of(layout.series_key(symbol, "15m")) == (symbol, "15m")


@pytest.mark.parametrize("symbol", ["1D", "15M", "1W", "3H", "5S"])
def test_no_part_of_a_symbol_is_a_timeframe(symbol: str) -> None:
    """Athena lists what is below a location too: a symbol `BTC/1d` would be among the daily bars of `BTC`."""
    assert re.match(TIMEFRAME_PATTERN, symbol) is None
