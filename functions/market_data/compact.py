"""Compact: puts the bars of the feed into the lake, after each session."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from functions.market_data.scheduled_time import scheduled_time
from functions.settings import CompactSettings
from tickfold.errors import TickfoldError
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.feed.compaction import Compaction
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.watch_list import WatchList

logger = Logger()

Event = dict[str, Any]


class CompactionFailedError(TickfoldError):
    """Some symbols could not be compacted; the others are."""


@dataclass(frozen=True)
class Dependencies:
    """What Compact works with."""

    watch_list: WatchList
    compaction: Compaction


@cache
def dependencies() -> Dependencies:
    settings = CompactSettings.read()
    table = wiring.dynamodb().Table(settings.bars_table)
    lake = BarStore(wiring.s3(), settings.bucket)
    return Dependencies(WatchList(table), Compaction(HotStore(table), lake))


def compact(event: Event, given: Dependencies) -> Event:
    """Put the bars of all symbols of `market`, or of all markets, that are or were watched into the lake; return how
    many by symbol.

    Raises:
        CompactionFailedError: for some symbols that failed.
    """
    until = scheduled_time(event)
    added, failed = dict[str, int](), list[str]()
    market = event.get("market")
    for watched in (each for each in given.watch_list.ever() if market in (None, each.market)):
        try:
            added[watched.symbol] = given.compaction.compact(watched.symbol, until)
        except Exception:
            logger.exception("a symbol could not be compacted", extra={"symbol": watched.symbol})
            failed.append(watched.symbol)
    logger.info("compacted", extra={"added": added})
    if failed:
        raise CompactionFailedError(f"not compacted: {', '.join(failed)}; see the log")
    return {"added": added}


@logger.inject_lambda_context(clear_state=True)
def handler(event: Event, _context: LambdaContext) -> Event:
    return compact(event, dependencies())
