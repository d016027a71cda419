"""Real bars for the strategies' tests: daily ones of a share, and hourly ones of a currency."""

from pathlib import Path

import backtesting
import pytest

from tests.engine.conftest import goog
from tickfold.engine.bars import Bars, with_decimals
from tickfold.market_data.bar_file import read_bar_file

__all__ = ["eurusd", "goog"]


@pytest.fixture(scope="session")
def eurusd() -> Bars:
    """Hourly bars of EUR/USD from 2017-04-19 to 2018-02-07, 5,000 of them, on a grid of 0.00001 dollars."""
    return with_decimals(read_bar_file(Path(backtesting.__file__).parent / "test" / "EURUSD.csv").bars)
