"""Series: the positions of the bars in a range of days."""

from datetime import UTC, date, datetime

import pytest

from tickfold.errors import RunError
from tickfold.market_data.series import Series, SeriesFile

# Two years: bars on 2004-12-30 (2), 2004-12-31 (1), 2005-01-03 (3).
SERIES = Series(
    symbol="GOOG",
    timeframe="1h",
    source="test",
    files=[
        SeriesFile(
            year=2004,
            version_id="a",
            first=datetime(2004, 12, 30, 14, tzinfo=UTC),
            last=datetime(2004, 12, 31, 14, tzinfo=UTC),
            decimals=2,
            days=[(365, 2), (366, 1)],
        ),
        SeriesFile(
            year=2005,
            version_id="b",
            first=datetime(2005, 1, 3, 14, tzinfo=UTC),
            last=datetime(2005, 1, 3, 16, tzinfo=UTC),
            decimals=3,
            days=[(3, 3)],
        ),
    ],
)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ((2004, 12, 30), (2004, 12, 30), (0, 2)),
        ((2004, 12, 31), (2005, 1, 3), (2, 6)),
        ((2005, 1, 1), (2005, 12, 31), (3, 6)),
        ((1990, 1, 1), (9999, 12, 31), (0, 6)),
    ],
)
def test_span_includes_both_days(
    start: tuple[int, int, int], end: tuple[int, int, int], expected: tuple[int, int]
) -> None:
    assert SERIES.span(date(*start), date(*end)) == expected


@pytest.mark.parametrize("day", [date(2005, 1, 2), date(1999, 1, 1), date(2020, 1, 1)])
def test_span_without_bars_reports_the_range_of_the_series(day: date) -> None:
    with pytest.raises(RunError, match=r"GOOG has no 1h bars .*; it has 6 from 2004-12-30 to 2005-01-03"):
        SERIES.span(day, day)


def test_decimals_suffice_for_every_price() -> None:
    assert SERIES.decimals == 3
    unknown = SERIES.files[0].model_copy(update={"decimals": None})
    assert SERIES.model_copy(update={"files": [unknown, SERIES.files[1]]}).decimals is None
