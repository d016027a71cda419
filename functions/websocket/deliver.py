"""Deliver: carries each message of a run, as the stream of the table of runs brings it, to all who follow the run."""

from collections.abc import Iterator
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import DynamoDBStreamEvent, event_source
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from tickfold.realtime.delivery import Delivery, Parcel

logger = Logger()


@logger.inject_lambda_context(clear_state=True)
@event_source(data_class=DynamoDBStreamEvent)
def handler(event: DynamoDBStreamEvent, _context: LambdaContext) -> None:
    """Deliver a batch. If the subscribers cannot be looked up the whole batch comes again: at least once, that is."""
    parcels = list(_parcels(event))
    Delivery(wiring.connections(), wiring.post(), logger).deliver(parcels)
    logger.info("delivered", extra={"messages": len(parcels)})


def _parcels(event: DynamoDBStreamEvent) -> Iterator[Parcel]:
    for record in event.records:
        row: dict[str, Any] = (record.dynamodb and record.dynamodb.new_image) or {}
        if "body" in row:  # else it is a run's record
            yield Parcel(row["body"], tuple(row["topics"]), row.get("told"))
