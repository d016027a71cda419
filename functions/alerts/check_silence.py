"""Check silence: advances the rules that watch the feed's silence, every five minutes."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from functions.market_data.scheduled_time import scheduled_time
from functions.settings import CheckSilenceSettings
from tickfold.alerts.alert_store import AlertStore
from tickfold.alerts.evaluator import Evaluator
from tickfold.alerts.observation import SeenSilence
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.silence import silent_minutes
from tickfold.market_data.feed.watch_list import WatchList

logger = Logger()

Event = dict[str, Any]


@dataclass(frozen=True)
class Dependencies:
    """What the check works with."""

    watch_list: WatchList
    hot: HotStore
    evaluator: Evaluator


@cache
def dependencies() -> Dependencies:
    settings, dynamodb = CheckSilenceSettings.read(), wiring.dynamodb()
    bars = dynamodb.Table(settings.bars_table)
    store = AlertStore(dynamodb.Table(settings.alerts_table))
    return Dependencies(WatchList(bars), HotStore(bars), Evaluator(store))


def check(event: Event, given: Dependencies) -> int | None:
    """Return the session minutes since the feed's last bar; None, and nothing is evaluated, out of sessions."""
    now = scheduled_time(event)
    watched = given.watch_list.all()
    silent = silent_minutes(watched, given.hot.states([each.symbol for each in watched]), now)
    if silent is not None:
        alerts = given.evaluator.evaluate([SeenSilence(silent, now)])
        logger.info("checked", extra={"silent_minutes": silent, "alerts": alerts})
    return silent


@logger.inject_lambda_context(clear_state=True)
def handler(event: Event, _context: LambdaContext) -> int | None:
    return check(event, dependencies())
