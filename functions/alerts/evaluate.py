"""Evaluate: advances the rules that watch the bars and the ends of runs which the tables' streams bring.

A batch is of one table. It may come again, whole or in parts, which alerts nobody twice.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import DynamoDBStreamEvent, event_source
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from functions.settings import AlertsSettings
from tickfold.alerts.alert_store import AlertStore
from tickfold.alerts.evaluator import Evaluator
from tickfold.alerts.observation import Observation, SeenBar, SeenRun
from tickfold.market_data.feed.hot_store import feed_bar, symbol_of

logger = Logger()


@cache
def dependencies() -> Evaluator:
    settings = AlertsSettings.read()
    return Evaluator(AlertStore(wiring.dynamodb().Table(settings.alerts_table)))


@logger.inject_lambda_context(clear_state=True)
@event_source(data_class=DynamoDBStreamEvent)
def handler(event: DynamoDBStreamEvent, _context: LambdaContext) -> None:
    seen = [*observations(event)]
    alerts = dependencies().evaluate(seen)
    logger.info("evaluated", extra={"observations": len(seen), "alerts": alerts})


def observations(event: DynamoDBStreamEvent) -> Iterator[Observation]:
    """Yield what a batch tells."""
    for record in event.records:
        change = record.dynamodb
        row: Mapping[str, Any] = (change and change.new_image) or {}
        if "series" in row:
            yield SeenBar(symbol_of(row["series"]), feed_bar(row))
        elif "run_id" in row:
            ended_at = (change and change.approximate_creation_date_time) or int(datetime.now(UTC).timestamp())
            yield SeenRun(row["user_id"], row["run_id"], row["status"], datetime.fromtimestamp(ended_at, UTC))
