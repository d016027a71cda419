"""Check feed: measures every five minutes what the feed's alarms look at.

A metric of its own, since an alarm on missing data would also ring outside of sessions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from functions.market_data.scheduled_time import scheduled_time
from functions.settings import CheckFeedSettings
from tickfold.market_data.exchange_calendar import ExchangeCalendar
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.silence import silent_minutes
from tickfold.market_data.feed.watch_list import WatchList
from tickfold.market_data.providers.failures import KeyMissingError
from tickfold.market_data.schwab_tokens import TokenStore

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

logger = Logger()

Event = dict[str, Any]


@dataclass(frozen=True)
class Dependencies:
    """What Check feed works with, and the namespace of its metrics."""

    watch_list: WatchList
    hot: HotStore
    cloudwatch: "CloudWatchClient"
    namespace: str
    tokens: TokenStore | None


@cache
def dependencies() -> Dependencies:
    settings = CheckFeedSettings.read()
    table = wiring.dynamodb().Table(settings.bars_table)
    secret = settings.schwab_tokens_secret
    tokens = TokenStore(wiring.secrets_manager(), secret) if secret else None
    cloudwatch = boto3.client("cloudwatch")
    return Dependencies(WatchList(table), HotStore(table), cloudwatch, settings.metrics_namespace, tokens)


def check(event: Event, given: Dependencies) -> Mapping[str, int]:
    """Put the metrics `SilentSessionMinutes`, while a market is in session, `CalendarDaysLeft`, and `SchwabHoursLeft`
    where the stack uses Schwab; return them."""
    now = scheduled_time(event)
    watched = given.watch_list.all()
    if not watched:
        return {}
    metrics = dict[str, int]()
    states = given.hot.states([each.symbol for each in watched])
    if (silent := silent_minutes(watched, states, now)) is not None:
        metrics["SilentSessionMinutes"] = silent
    calendars = {each.market: ExchangeCalendar.named(each.market) for each in watched}.values()
    if days := [(calendar.last_day - now.date()).days for calendar in calendars if calendar.last_day]:
        metrics["CalendarDaysLeft"] = min(days)
    if given.tokens:
        metrics["SchwabHoursLeft"] = _hours_left(given.tokens, now)
    for warning in filter(None, (calendar.warn_if_ending(now.date()) for calendar in calendars)):
        logger.warning(warning)
    data = [{"MetricName": name, "Value": value} for name, value in metrics.items()]
    given.cloudwatch.put_metric_data(Namespace=given.namespace, MetricData=data)  # type: ignore[arg-type]
    logger.info("checked", extra={"metrics": metrics})
    return metrics


def _hours_left(tokens: TokenStore, now: datetime) -> int:
    """Return the hours until Schwab's login expires; 0 if it has, or if nobody has logged in."""
    try:
        left = tokens.read().login_expires - now
    except KeyMissingError:
        return 0
    return max(int(left.total_seconds() // 3_600), 0)


@logger.inject_lambda_context(clear_state=True)
def handler(event: Event, _context: LambdaContext) -> Mapping[str, int]:
    return check(event, dependencies())
