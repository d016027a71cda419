"""Real bars for the engine's tests: the GOOG.csv that PEERS' figures were computed on."""

import csv
from datetime import UTC, datetime

import numpy as np
import pytest

from tests.golden import GOOG
from tickfold.engine.bars import Bars, decimals_of


@pytest.fixture(scope="session")
def goog() -> Bars:
    """Daily bars of GOOG from 2004-08-19 to 2013-03-01, 2,148 of them."""
    with GOOG.open() as file:
        rows = list(csv.reader(file))[1:]
    days = [datetime.fromisoformat(row[0]).replace(tzinfo=UTC) for row in rows]
    timestamp = np.array([int(day.timestamp()) * 1_000_000 for day in days])
    open_, high, low, close, volume = np.array([[float(cell) for cell in row[1:]] for row in rows]).T
    decimals = decimals_of(np.concatenate([open_, high, low, close]))
    return Bars(timestamp, open_, high, low, close, volume, decimals=decimals)
