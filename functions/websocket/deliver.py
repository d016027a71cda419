"""Deliver: sends the messages of runs, the bars of symbols, the entries of journals and users' alerts to their
subscribers, as the tables' streams bring them.

A batch is of one table: of runs, of bars, of portfolios, or of alerts. Journals of portfolios that alert rules watch
are announced, too: whoever reads the stream for its subscribers knows of each entry, whoever has written it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import DynamoDBStreamEvent, event_source
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from functions.announcement import JOURNALS_APPENDED, Announcement
from functions.settings import DeliverStreamsSettings
from tickfold.alerts.observation import of_portfolio
from tickfold.alerts.watched import is_watched
from tickfold.market_data.feed.bar_messages import joined
from tickfold.portfolios.keys import portfolio_of
from tickfold.realtime.delivery import Delivery, Envelope

logger = Logger()

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Dependencies:
    """What Deliver works with. `is_watched` says of a source whether alert rules watch it."""

    delivery: Delivery
    announcement: Announcement
    is_watched: Callable[[str], bool]


@cache
def dependencies() -> Dependencies:
    settings, dynamodb = DeliverStreamsSettings.read(), wiring.dynamodb()
    connections = wiring.connection_store(dynamodb, settings)
    return Dependencies(
        Delivery(connections, wiring.sender(connections, settings), logger),
        Announcement(wiring.events(), settings.event_source),
        partial(is_watched, dynamodb.Table(settings.alerts_table)),
    )


@logger.inject_lambda_context(clear_state=True)
@event_source(data_class=DynamoDBStreamEvent)
def handler(event: DynamoDBStreamEvent, _context: LambdaContext) -> None:
    deliver(event, dependencies())


def deliver(event: DynamoDBStreamEvent, given: Dependencies) -> None:
    """Deliver a batch. If the subscribers cannot be read, the whole batch is retried: delivery is at least once."""
    rows = [*_messages(event)]
    # A batch has messages of several runs, series or portfolios: a connection that is cut off may follow any of them.
    keys = {"run_ids": "run_id", "series": "series", "portfolios": "portfolio"}
    logger.append_keys(**{key: _values(rows, name) for key, name in keys.items()})
    _announce(_values(rows, "portfolio"), given)
    bars = [row for row in rows if "series" in row]
    given.delivery.deliver([*map(_envelope, (row for row in rows if "series" not in row)), *_of_bars(bars)])
    logger.info("delivered", extra={"messages": len(rows)})


def _announce(partitions: list[str], given: Dependencies) -> None:
    """Announce the journals that rules watch. Who evaluates them looks for itself, too, if that does not succeed."""
    portfolios = [portfolio_of(each) for each in partitions]
    try:
        watched = [each for each in portfolios if given.is_watched(of_portfolio(each))]
        given.announcement.announce(JOURNALS_APPENDED, watched)
    except Exception:
        logger.exception("the journals that were appended could not be announced")


def _messages(event: DynamoDBStreamEvent) -> Iterator[Row]:
    for record in event.records:
        row: Row = (record.dynamodb and record.dynamodb.new_image) or {}
        if "body" in row:  # else it is the record of a run, of a series, of a portfolio or of a rule
            yield row


def _of_bars(rows: list[Row]) -> Iterator[Envelope]:
    """Yield the bars of each series, joined: after a pause of the feed, a subscriber gets one message, not hundreds."""
    for series in _values(rows, "series"):
        of_series = [row for row in rows if row["series"] == series]
        topics = tuple(of_series[0]["topics"])
        yield from (Envelope(body, topics) for body in joined(row["body"] for row in of_series))


def _envelope(row: Row) -> Envelope:
    return Envelope(row["body"], tuple(row["topics"]), row.get("already_sent_to"))


def _values(rows: list[Row], name: str) -> list[str]:
    return sorted({row[name] for row in rows if name in row})
