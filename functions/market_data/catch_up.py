"""Catch up: writes to PostgreSQL what it lacks of the hot table's bars, every hour, after an outage that is over."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from functions.market_data.scheduled_time import scheduled_time
from functions.settings import CatchUpSettings
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.watch_list import WatchList
from tickfold.market_data.sinks.catch_up import catch_up
from tickfold.market_data.sinks.connection_string import SecretConnectionString
from tickfold.market_data.sinks.postgres import PostgresSink

logger = Logger()

Event = dict[str, Any]


@dataclass(frozen=True)
class Dependencies:
    """What Catch up works with."""

    watch_list: WatchList
    hot: HotStore
    sink: PostgresSink


@cache
def dependencies() -> Dependencies:
    settings = CatchUpSettings.read()
    table = wiring.dynamodb().Table(settings.bars_table)
    connection_string = SecretConnectionString(wiring.secrets_manager(), settings.keys_secret)
    return Dependencies(WatchList(table), HotStore(table), PostgresSink(connection_string))


def work(event: Event, given: Dependencies) -> Event:
    """Compare all hot bars of all symbols that are or were watched, or those of the last `hours`; return how many rows
    were written, and how many bars PostgreSQL refused. Idempotent.

    Raises:
        SinkUnavailableError: PostgreSQL cannot be reached; the next time will do.
        SinkMisconfiguredError: someone has to change the connection string or the tables.
    """
    hours = event.get("hours")
    since = None if hours is None else scheduled_time(event) - timedelta(hours=hours)
    caught_up = [catch_up(given.sink, given.hot, watched.symbol, since) for watched in given.watch_list.ever()]
    written = {
        "equity_rows": sum(each.equity_rows for each in caught_up),
        "indicator_rows": sum(each.indicator_rows for each in caught_up),
        "refused": sum(len(each.refused) for each in caught_up),
    }
    logger.info("caught up", extra=written)
    return written


@logger.inject_lambda_context(clear_state=True)
def handler(event: Event, _context: LambdaContext) -> Event:
    return work(event, dependencies())
