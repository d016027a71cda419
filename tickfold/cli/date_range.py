"""The range of a run whose days were left out."""

from typing import TYPE_CHECKING, Any

from tickfold.cli.exit_codes import UsageError
from tickfold.cli.symbols import symbols_of
from tickfold.cli.target import Target

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from tickfold.market_data.series import Series


def with_range(target: Target, request: dict[str, Any]) -> dict[str, Any]:
    """Add the days that were left out: the dates of the first and the last session.

    Raises:
        UsageError: the day that was given is beyond the bars; the message has their range.
    """
    if "startDate" in request and "endDate" in request:
        return request
    from tickfold.market_data.series_catalog import SeriesCatalog  # noqa: PLC0415 - its client is slow to load

    catalog = SeriesCatalog(target.s3(), target.output("bucket"))
    found = catalog.find_all(symbols_of(request["stock"]), request.get("timeframe"))
    first, last = min(series.dates[0] for series in found), max(series.dates[-1] for series in found)
    _check_day(request, found, first, last)
    return {"startDate": first, "endDate": last} | request


def _check_day(request: dict[str, Any], found: "Sequence[Series]", first: "date", last: "date") -> None:
    """Check the one day that was given against the bars: the other one is theirs, and was not given."""
    start, end = request.get("startDate"), request.get("endDate")
    if start is not None and start > last:
        raise UsageError(f"--start {start} is after the last bar: {_range(found, first, last)}")
    if end is not None and end < first:
        raise UsageError(f"--end {end} is before the first bar: {_range(found, first, last)}")


def _range(found: "Sequence[Series]", first: "date", last: "date") -> str:
    if len(found) == 1:
        return f"{found[0].symbol} has {found[0].bars:,} {found[0].timeframe} bars from {first} to {last}"
    return f"the {len(found)} symbols have {found[0].timeframe} bars from {first} to {last}"
