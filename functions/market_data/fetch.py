"""Fetch: before a run is planned, fetches from providers the bars that it needs and the lake lacks.

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
from tickfold.backtests.missing_bars import missing_bars
from tickfold.backtests.run_store import RunStore
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.history import History
from tickfold.protocol import parse_config

SECONDS = 240.0
"""After which no new piece is begun; the state machine invokes the function again. A piece takes seconds, or some
minutes where a provider allows few requests."""
_PARALLEL_SYMBOLS = 4


@dataclass(frozen=True)
class Dependencies:
    """What Fetch works with; `seconds` are those after which no piece is begun."""

    runs: RunStore
    history: History
    seconds: float = SECONDS
    clock: Callable[[], float] = time.monotonic


@cache
def dependencies() -> Dependencies:
    settings = FetchSettings.read()
    return Dependencies(
        runs=RunStore(wiring.dynamodb().Table(settings.runs_table)),
        history=History(BarStore(wiring.s3(), settings.bucket), configured_providers(settings)),
    )


def fetch(event: Event, given: Dependencies) -> Event:
    """Take run_id and request; return whether there is `more` to fetch. What is stored is not fetched again.

    Raises:
        RunError: some bars cannot be fetched; those that could are stored.
    """
    config, now, history = parse_config(event["request"]), datetime.now(UTC), given.history
    end = given.clock() + given.seconds
    missing = missing_bars(config, config.timeframe or "", history.lake.catalog, now)
    with ThreadPoolExecutor(_PARALLEL_SYMBOLS) as pool:
        filled = list(pool.map(lambda each: history.fill(each, now, goes_on=lambda: given.clock() < end), missing))
    return {"more": any(each.done < each.pieces for each in filled)}


handler = step("plan", fetch, dependencies)
