"""The range of a run whose days were left out."""

from typing import Any

from tickfold.cli.config_options import ConfigOptions
from tickfold.cli.exit_codes import UsageError
from tickfold.cli.symbols import symbols_of
from tickfold.cli.target import Target


def with_range(target: Target, options: ConfigOptions[Any], request: dict[str, Any]) -> dict[str, Any]:
    """Add the days that were left out: the dates of the first and the last session.

    Raises:
        UsageError: the day that was given is beyond the bars; the message has their range, and names the option.
    """
    if "startDate" in request and "endDate" in request:
        return request
    from tickfold.backtests import date_range  # noqa: PLC0415 - slow to load, as the catalog is
    from tickfold.market_data.series_catalog import SeriesCatalog  # noqa: PLC0415

    catalog = SeriesCatalog(target.s3(), target.output("bucket"))
    found = catalog.find_all(symbols_of(request["stock"]), request.get("timeframe"))
    try:
        return date_range.with_range(request, found)
    except date_range.DayError as error:
        raise UsageError(options.with_flags(str(error))) from None
