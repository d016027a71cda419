"""Export: writes the bars that the stream of the hot table brings to PostgreSQL.

If PostgreSQL is down the invocation fails, and the stream's mapping repeats the batch. A bar that PostgreSQL refuses
would be refused again: it is put into the queue of dead letters, and delays no other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import DynamoDBStreamEvent, event_source
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from functions.settings import ExportSettings
from tickfold.market_data.sinks.connection_string import SecretConnectionString
from tickfold.market_data.sinks.dead_letters import DeadLetters
from tickfold.market_data.sinks.exported_bar import ExportedBar, is_exported
from tickfold.market_data.sinks.postgres import PostgresSink

logger = Logger()


@dataclass(frozen=True)
class Dependencies:
    """The sink, and where the bars go that it refuses."""

    sink: PostgresSink
    dead_letters: DeadLetters
    metrics: Metrics


@dataclass(frozen=True)
class Export:
    """How many rows a batch wrote, and its records that must be tried again, by their sequence numbers in order."""

    equity_rows: int
    indicator_rows: int
    refused: int
    failed: tuple[str, ...]


@cache
def dependencies() -> Dependencies:
    settings = ExportSettings.read()
    connection_string = SecretConnectionString(wiring.secrets_manager(), settings.keys_secret)
    dead_letters = DeadLetters(wiring.sqs(), settings.dead_letters_queue)
    metrics = Metrics(namespace=settings.metrics_namespace, service="feed")
    return Dependencies(PostgresSink(connection_string), dead_letters, metrics)


@logger.inject_lambda_context(clear_state=True)
@event_source(data_class=DynamoDBStreamEvent)
def handler(event: DynamoDBStreamEvent, _context: LambdaContext) -> dict[str, Any]:
    given = dependencies()
    try:
        exported = export(event, given)
    except Exception:
        _count_uploads(given.metrics, succeeded=False)
        raise
    _count_uploads(given.metrics, succeeded=not exported.failed)
    return {"batchItemFailures": [{"itemIdentifier": number} for number in exported.failed]}


def _count_uploads(metrics: Metrics, *, succeeded: bool) -> None:
    """Count an upload; the average is the success rate."""
    metrics.add_metric("SupabaseUploadSuccess", MetricUnit.Count, int(succeeded))
    metrics.flush_metrics()


def export(event: DynamoDBStreamEvent, to: Dependencies) -> Export:
    """Write the bars of a batch, each once however often it comes.

    Raises:
        SinkUnavailableError: PostgreSQL cannot be reached: the batch is to be repeated.
        SinkMisconfiguredError: someone has to change the connection string or the tables; until then as above.
    """
    items = dict(_items(event))
    bars, refused = _bars(items)
    exported = to.sink.upsert(list(bars.values()))
    reasons = {each.bar.key: each.reason for each in exported.refused}
    refused |= {number: reasons[bar.key] for number, bar in bars.items() if bar.key in reasons}
    failed = tuple(number for number in items if number in refused and not _kept(items[number], refused[number], to))
    logger.info(
        "exported",
        extra={"equity_rows": exported.equity_rows, "indicator_rows": exported.indicator_rows, "refused": len(refused)},
    )
    return Export(exported.equity_rows, exported.indicator_rows, len(refused), failed)


def _items(event: DynamoDBStreamEvent) -> Iterable[tuple[str, dict[str, Any]]]:
    """Yield the items that are exported by their records' sequence numbers, in order."""
    for record in event.records:
        change = record.dynamodb
        if change and change.sequence_number and change.new_image and is_exported(change.new_image):
            yield change.sequence_number, change.new_image


def _bars(items: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, ExportedBar], dict[str, str]]:
    """Return the bars in `items`, and why others are none."""
    bars, refused = {}, {}
    for number, item in items.items():
        try:
            bars[number] = ExportedBar.of(item)
        except (KeyError, TypeError, ValueError) as error:
            refused[number] = f"the item is no bar: {type(error).__name__}: {error}"
    return bars, refused


def _kept(item: Mapping[str, Any], reason: str, to: Dependencies) -> bool:
    logger.warning("refused", extra={"series": item["series"], "entry": item["entry"], "reason": reason})
    return to.dead_letters.put(item, reason)
