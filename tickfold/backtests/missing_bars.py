"""The bars that a run needs and the lake lacks, or their splits and dividends, and where they come from.

Minutes that the feed has stored come from the hot table, and others from providers, if they can be fetched for a run.
Minutes of a watched symbol after the feed's last one are left to the feed: it is in the present, a replay in another.
"""

from collections.abc import Mapping
from datetime import datetime

from tickfold.engine.timeframe import timeframe_seconds
from tickfold.errors import RunError
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.minute_bar import STEP, TIMEFRAME
from tickfold.market_data.feed.watch_list import WatchList
from tickfold.market_data.history_range import Wanted, day_range, has_session, lacking, market_of
from tickfold.market_data.series import Series
from tickfold.market_data.series_catalog import SeriesCatalog
from tickfold.protocol import Config

MOST_BARS = 30_000_000
"""The longest range that is fetched for a run, in bars of a market that never closes: 57 years of minutes."""
_SECONDS_PER_DAY = 86_400


def missing_bars(
    config: Config, timeframe: str, catalog: SeriesCatalog, now: datetime, fed: Mapping[str, datetime]
) -> list[Wanted]:
    """Return what the lake lacks of the bars of `config`, for each symbol of which anything is missing at `now`, be it
    splits and dividends beside raw bars.

    Of the symbols of `fed` nothing is wanted from its time on. A series that was loaded from a file is as its owner
    wants it, and lacks nothing: nobody knows what its prices are adjusted for.

    Raises:
        RunError: it is more than is fetched for a run, or the market's calendar does not cover the days.
    """
    if timeframe_seconds(timeframe) > _SECONDS_PER_DAY:
        return []
    wanted = [_wanted(config, symbol, timeframe, fed.get(symbol)) for symbol in _symbols(config)]
    found = catalog.find_some([each.symbol for each in wanted], timeframe)
    return [each for each, series in zip(wanted, found, strict=True) if _is_missing(each, series, now)]


def uncompacted(config: Config, timeframe: str, hot: HotStore) -> list[str]:
    """Return the symbols of `config` of whose bars the feed has stored some that the lake does not have yet."""
    if timeframe != TIMEFRAME:
        return []
    return hot.uncompacted(_symbols(config), before=day_range(config.start_date, config.end_date)[1])


def fed_until(config: Config, timeframe: str, hot: HotStore, watch_list: WatchList) -> dict[str, datetime]:
    """Return up to when the feed has the minutes of each symbol of `config` that it fetches."""
    if timeframe != TIMEFRAME:
        return {}
    watched = {each.symbol for each in watch_list.all()}
    states = hot.states([symbol for symbol in _symbols(config) if symbol in watched])
    return {symbol: state.last_time + STEP for symbol, state in states.items() if state.last_time}


def _symbols(config: Config) -> list[str]:
    return list(dict.fromkeys(allocation.symbol for allocation in config.allocations))


def _wanted(config: Config, symbol: str, timeframe: str, fed: datetime | None) -> Wanted:
    start, end = day_range(config.start_date, config.end_date)
    return Wanted(symbol, timeframe, start, min(end, fed or end), market_of(symbol, timeframe))


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
    if wanted.lacks_actions(series):
        return True
    pieces = lacking(wanted, series, now)
    return any(has_session(wanted.exchange, wanted.timeframe, piece) for piece in pieces)
