"""Fetch: before a run is planned, puts the bars that it needs and the lake lacks into the lake.

Those that the feed has stored come from the hot table, so that a run during the session sees every minute so far; the
others are fetched from providers.

One function fetches for all symbols of a run, some at once: the requests that a provider allows are counted in its
memory, and functions that each count for themselves would ask too often.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from functions import wiring
from functions.backtests.step import Event, step
from functions.market_data.providers import configured_providers
from functions.settings import FetchSettings
from tickfold.backtests.missing_bars import fed_until, missing_bars, uncompacted
from tickfold.backtests.run_store import RunStore
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.feed.compaction import Compaction
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.watch_list import WatchList
from tickfold.market_data.history import Filled, History
from tickfold.market_data.history_range import Wanted
from tickfold.protocol import Fetching, parse_config

SECONDS = 240.0
"""After which no new piece is begun; the state machine invokes the function again. A piece takes seconds, or some
minutes where a provider allows few requests."""
_PARALLEL_SYMBOLS = 4


@dataclass(frozen=True)
class Dependencies:
    """What Fetch works with; `seconds` are those after which no piece is begun."""

    runs: RunStore
    history: History
    compaction: Compaction
    watch_list: WatchList
    seconds: float = SECONDS
    clock: Callable[[], float] = time.monotonic


@cache
def dependencies() -> Dependencies:
    settings, dynamodb = FetchSettings.read(), wiring.dynamodb()
    lake, bars = BarStore(wiring.s3(), settings.bucket), dynamodb.Table(settings.bars_table)
    return Dependencies(
        runs=RunStore(dynamodb.Table(settings.runs_table)),
        history=History(lake, configured_providers(settings)),
        compaction=Compaction(HotStore(bars), lake),
        watch_list=WatchList(bars),
    )


def fetch(event: Event, given: Dependencies) -> Event:
    """Take run_id and request; return whether there is `more` to fetch. What is stored is not fetched again.

    How far it is, is published among the run's messages.

    Raises:
        RunError: some bars cannot be fetched; those that could are stored.
    """
    config, now, history = parse_config(event["request"]), datetime.now(UTC), given.history
    timeframe, end, hot = config.timeframe or "", given.clock() + given.seconds, given.compaction.hot
    fed = fed_until(config, timeframe, hot, given.watch_list)

    def tell(filled: Filled) -> None:
        if filled.pieces:
            given.runs.publish_fetching(event["run_id"], _message(filled))

    def fill(wanted: Wanted) -> Filled:
        return history.fill(wanted, now, tell, lambda: given.clock() < end)

    with ThreadPoolExecutor(_PARALLEL_SYMBOLS) as pool:
        list(pool.map(given.compaction.append, uncompacted(config, timeframe, hot)))
        missing = missing_bars(config, timeframe, history.lake.catalog, now, fed)
        filled = list(pool.map(fill, missing))
    return {"more": any(each.done < each.pieces for each in filled)}


def _message(filled: Filled) -> Fetching:
    return Fetching(
        symbol=filled.symbol,
        timeframe=filled.timeframe,
        bars=filled.added,
        pieces_done=filled.done,
        pieces=filled.pieces,
    )


handler = step("plan", fetch, dependencies)
