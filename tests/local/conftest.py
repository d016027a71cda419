"""Frames of real bars."""

import pandas as pd
import pytest
from backtesting.test import GOOG


@pytest.fixture
def goog_frame() -> pd.DataFrame:
    """Return the daily bars of GOOG, with their days as the index."""
    return GOOG.copy()
