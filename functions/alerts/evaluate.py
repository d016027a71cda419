"""Evaluate: advances the rules that watch bars, when some are announced, and those that watch the ends of runs.

An event of bars names symbols, whose bars are read from the hot table; a batch of the stream of runs has their records.
Either may come again, whole or in parts, which alerts nobody twice.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import DynamoDBStreamEvent
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from functions.settings import EvaluateSettings
from tickfold.alerts.alert_store import AlertStore
from tickfold.alerts.evaluator import Evaluator
from tickfold.alerts.observation import SeenRun
from tickfold.market_data.feed.hot_store import HotStore

logger = Logger()

Event = dict[str, Any]


@dataclass(frozen=True)
class Dependencies:
    """What Evaluate works with."""

    evaluator: Evaluator
    hot: HotStore


@cache
def dependencies() -> Dependencies:
    settings, dynamodb = EvaluateSettings.read(), wiring.dynamodb()
    evaluator = Evaluator(AlertStore(dynamodb.Table(settings.alerts_table)))
    return Dependencies(evaluator, HotStore(dynamodb.Table(settings.bars_table)))


@logger.inject_lambda_context(clear_state=True)
def handler(event: Event, _context: LambdaContext) -> None:
    given = dependencies()
    if "Records" in event:
        alerts = given.evaluator.evaluate([*ended_runs(DynamoDBStreamEvent(event))])
    else:
        alerts = sum(given.evaluator.evaluate_bars(symbol, given.hot) for symbol in event["detail"]["symbols"])
    logger.info("evaluated", extra={"alerts": alerts})


def ended_runs(event: DynamoDBStreamEvent) -> Iterator[SeenRun]:
    """Yield the runs whose end a batch tells."""
    for record in event.records:
        change = record.dynamodb
        row: Mapping[str, Any] = (change and change.new_image) or {}
        if "run_id" in row:
            ended_at = (change and change.approximate_creation_date_time) or int(datetime.now(UTC).timestamp())
            yield SeenRun(row["user_id"], row["run_id"], row["status"], datetime.fromtimestamp(ended_at, UTC))
