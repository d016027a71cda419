"""The bars of a frame are those of the series that describes them."""

import pandas as pd

from tickfold.engine.calendar import SessionCalendar
from tickfold.local.market import read_market


def test_bars_have_the_decimals_and_the_calendar_of_their_series(goog_frame: pd.DataFrame) -> None:
    calendar = SessionCalendar(week=7)
    market = read_market(goog_frame, "GOOG", None, {}, calendar)
    assert market.bars.decimals == market.series.decimals == 2  # cents: averages are then computed on integers
    assert market.bars.calendar == market.series.calendar == calendar
