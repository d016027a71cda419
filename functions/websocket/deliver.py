"""Deliver: sends each message of a run to the run's subscribers, as the stream of the table of runs brings it."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import DynamoDBStreamEvent, event_source
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from functions.settings import DeliverSettings
from tickfold.realtime.delivery import Delivery, Envelope

logger = Logger()


@cache
def dependencies() -> Delivery:
    settings = DeliverSettings.read()
    connections = wiring.connection_store(wiring.dynamodb(), settings)
    return Delivery(connections, wiring.sender(connections, settings), logger)


@logger.inject_lambda_context(clear_state=True)
@event_source(data_class=DynamoDBStreamEvent)
def handler(event: DynamoDBStreamEvent, _context: LambdaContext) -> None:
    deliver(event, dependencies())


def deliver(event: DynamoDBStreamEvent, delivery: Delivery) -> None:
    """Deliver a batch. If the subscribers cannot be read, the whole batch is retried: delivery is at least once."""
    envelopes = list(_envelopes(event))
    # A batch has messages of several runs, and a connection that is cut off may follow any of them.
    logger.append_keys(run_ids=sorted({run_id for run_id, _ in envelopes}))
    delivery.deliver(envelope for _, envelope in envelopes)
    logger.info("delivered", extra={"messages": len(envelopes)})


def _envelopes(event: DynamoDBStreamEvent) -> Iterator[tuple[str, Envelope]]:
    """Yield each message with the id of its run."""
    for record in event.records:
        row: dict[str, Any] = (record.dynamodb and record.dynamodb.new_image) or {}
        if "body" in row:  # else it is a run's record
            yield row["run_id"], Envelope(row["body"], tuple(row["topics"]), row.get("already_sent_to"))
