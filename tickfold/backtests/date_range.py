"""The range of a run whose days were left out: from the first session of its series to the last."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from tickfold.errors import RunError
from tickfold.market_data.series import Series


class DayError(RunError):
    """The first or last day of a run is beyond the bars."""


def with_range(request: Mapping[str, Any], found: Sequence[Series]) -> dict[str, Any]:
    """Return `request` with the days that it lacks: the dates of the first and the last session of `found`.

    Raises:
        DayError: the one day that was given is beyond the bars; the message has their range.
    """
    first, last = min(series.dates[0] for series in found), max(series.dates[-1] for series in found)
    _check_day(request, found, first, last)
    return {"startDate": first, "endDate": last} | {**request}


def _check_day(request: Mapping[str, Any], found: Sequence[Series], first: date, last: date) -> None:
    """Check the one day that was given against the bars: the other one is theirs, and was not given."""
    start, end = request.get("startDate"), request.get("endDate")
    if end is None and start is not None and start > last:
        raise DayError(f"startDate {start} is after the last bar: {_range(found, first, last)}")
    if start is None and end is not None and end < first:
        raise DayError(f"endDate {end} is before the first bar: {_range(found, first, last)}")


def _range(found: Sequence[Series], first: date, last: date) -> str:
    if len(found) == 1:
        return f"{found[0].symbol} has {found[0].bars:,} {found[0].timeframe} bars from {first} to {last}"
    return f"the {len(found)} symbols have {found[0].timeframe} bars from {first} to {last}"
