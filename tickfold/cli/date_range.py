"""The range of a run whose days were left out."""

from typing import Any

from tickfold.cli.symbols import symbols_of
from tickfold.cli.target import Target


def with_range(target: Target, request: dict[str, Any]) -> dict[str, Any]:
    """Add the days that were left out: those of the first and the last bar."""
    if "startDate" in request and "endDate" in request:
        return request
    from tickfold.market_data.series_catalog import SeriesCatalog  # noqa: PLC0415 - its client is slow to load

    catalog = SeriesCatalog(target.s3(), target.output("bucket"))
    found = catalog.find_all(symbols_of(request["stock"]), request.get("timeframe"))
    days = {
        "startDate": min(series.first for series in found).date(),
        "endDate": max(series.last for series in found).date(),
    }
    return days | request
