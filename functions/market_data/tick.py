"""Tick: fetches the bars of all watched symbols since the last tick, every minute of the session."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from functions.announcement import BARS_STORED, Announcement
from functions.market_data.providers import configured_providers
from functions.market_data.scheduled_time import scheduled_time
from functions.settings import TickSettings
from tickfold.errors import RunError
from tickfold.market_data.feed.feed import Feed, Ticked
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.watch_list import Watched, WatchList

logger = Logger()

Event = dict[str, Any]
_PARALLEL_SYMBOLS = 16


@dataclass(frozen=True)
class Dependencies:
    """What Tick works with."""

    watch_list: WatchList
    feed: Feed
    metrics: Metrics
    announcement: Announcement


@cache
def dependencies() -> Dependencies:
    settings = TickSettings.read()
    table = wiring.dynamodb().Table(settings.bars_table)
    metrics = Metrics(namespace=settings.metrics_namespace, service="feed")

    def count_refresh() -> None:
        metrics.add_metric("TokenRefreshEvents", MetricUnit.Count, 1)

    source = configured_providers(settings, count_refresh)
    announcement = Announcement(wiring.events(), settings.event_source)
    return Dependencies(WatchList(table), Feed(HotStore(table), source), metrics, announcement)


def tick(event: Event, given: Dependencies) -> Event:
    """Store the bars of the watched symbols of `market`, of all markets if it is not given, up to `scheduled_time`, the
    current minute if it is not given.

    Return `statusCode` and `body`, JSON with `message`, `ticker` (of several, joined by commas), `equity_rows` and
    `indicator_rows`: 200, also if nothing was due, or 502 if no provider answered for some symbols. What they lack, the
    next tick fetches.
    """
    scheduled = scheduled_time(event)
    market = event.get("market")
    watched = [each for each in given.watch_list.all() if market in (None, each.market)]
    with ThreadPoolExecutor(_PARALLEL_SYMBOLS) as pool:
        outcomes = list(pool.map(_outcome_of(given.feed, scheduled), watched))
    ticked = [each for each in outcomes if isinstance(each, Ticked)]
    failures = [each for each in outcomes if isinstance(each, RunError)]
    rows = sum(each.stored for each in ticked)
    _announce(given.announcement, [each.symbol for each in ticked if each.stored])
    given.metrics.add_metric("DataPointsFetched", MetricUnit.Count, rows)
    body = {
        "message": _message(watched, rows, failures),
        "ticker": ",".join(each.symbol for each in watched),
        "equity_rows": rows,
        "indicator_rows": rows,  # each bar is stored with its indicators
    }
    logger.info("ticked", extra={"answer": body, "quarantined": sum(each.quarantined for each in ticked)})
    return {"statusCode": 502 if failures else 200, "body": json.dumps(body)}


def _outcome_of(feed: Feed, scheduled: datetime) -> Callable[[Watched], Ticked | RunError]:
    """Return a function that ticks one symbol: a symbol that fails does not keep the others waiting."""

    def outcome(watched: Watched) -> Ticked | RunError:
        try:
            return feed.tick(watched, scheduled)
        except RunError as error:
            logger.warning("a symbol was not fetched", extra={"symbol": watched.symbol, "reason": str(error)})
            return error
        except Exception:
            logger.exception("a symbol was not fetched", extra={"symbol": watched.symbol})
            return RunError(f"{watched.symbol}: internal error; see the log of this function", "internal")

    return outcome


def _announce(announcement: Announcement, symbols: list[str]) -> None:
    """Tell who waits for bars. They are stored whether or not that succeeds, and whoever waits looks for itself too."""
    try:
        announcement.announce(BARS_STORED, symbols)
    except Exception:
        logger.exception("the bars that were stored could not be announced")


def _message(watched: list[Watched], rows: int, failures: list[RunError]) -> str:
    if failures:
        return "; ".join(dict.fromkeys(map(str, failures)))
    if not watched:
        return "No symbols are watched: add some with `tickfold feed add SYMBOL`"
    return "Data fetched and uploaded successfully" if rows else "No new data"


@logger.inject_lambda_context(clear_state=True)
def handler(event: Event, _context: LambdaContext) -> Event:
    started, given = time.perf_counter(), dependencies()
    answer = tick(event, given)
    took = 1_000 * (time.perf_counter() - started)
    given.metrics.add_metric("LatencyMilliseconds", MetricUnit.Milliseconds, took)
    given.metrics.flush_metrics()
    return answer
