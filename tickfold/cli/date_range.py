"""The range of a run whose days were left out."""

from typing import Any

from tickfold.cli.symbols import symbols_of
from tickfold.cli.target import Target


def with_range(target: Target, request: dict[str, Any]) -> dict[str, Any]:
    """Add the days that were left out: the dates of the first and the last session."""
    if "startDate" in request and "endDate" in request:
        return request
    from tickfold.market_data.series_catalog import SeriesCatalog  # noqa: PLC0415 - its client is slow to load

    catalog = SeriesCatalog(target.s3(), target.output("bucket"))
    found = catalog.find_all(symbols_of(request["stock"]), request.get("timeframe"))
    days = {
        "startDate": min(series.dates[0] for series in found),
        "endDate": max(series.dates[-1] for series in found),
    }
    return days | request
