"""The bars that a run needs and the lake lacks: which they are, and whether they can be fetched for it."""

from datetime import datetime

from tickfold.engine.timeframe import timeframe_seconds
from tickfold.errors import RunError
from tickfold.market_data.history_range import Wanted, day_range, has_session, lacking, market_of
from tickfold.market_data.series import Series
from tickfold.market_data.series_catalog import SeriesCatalog
from tickfold.protocol import Config

MOST_BARS = 30_000_000
"""The longest range that is fetched for a run, in bars of a market that never closes: 57 years of minutes."""
_SECONDS_PER_DAY = 86_400


def missing_bars(config: Config, timeframe: str, catalog: SeriesCatalog, now: datetime) -> list[Wanted]:
    """Return what the lake lacks of the bars of `config`, for each symbol of which anything is missing at `now`.

    A series that was loaded from a file is as its owner wants it, and lacks nothing: nobody knows what its prices are
    adjusted for.

    Raises:
        RunError: it is more than is fetched for a run, or the market's calendar does not cover the days.
    """
    if timeframe_seconds(timeframe) > _SECONDS_PER_DAY:
        return []
    symbols = dict.fromkeys(allocation.symbol for allocation in config.allocations)
    wanted = [_wanted(config, symbol, timeframe) for symbol in symbols]
    found = catalog.find_some([each.symbol for each in wanted], timeframe)
    return [each for each, series in zip(wanted, found, strict=True) if _is_missing(each, series, now)]


def _wanted(config: Config, symbol: str, timeframe: str) -> Wanted:
    exchange = market_of(symbol, timeframe)
    return Wanted(symbol, timeframe, *day_range(config.start_date, config.end_date), exchange)


def _is_missing(wanted: Wanted, series: Series | None, now: datetime) -> bool:
    if series and series.adjustment is None:
        return False
    seconds = (min(wanted.end, now) - wanted.start).total_seconds()
    if seconds > MOST_BARS * timeframe_seconds(wanted.timeframe):
        raise RunError(
            f"{wanted.timeframe} bars of {wanted.symbol} from {wanted.start:%Y-%m-%d} on are too many to be fetched "
            f"for a run, at most {MOST_BARS:,}: choose a later first day",
            "limit",
        )
    pieces = lacking(wanted, series, now)
    return any(has_session(wanted.exchange, wanted.timeframe, piece) for piece in pieces)
