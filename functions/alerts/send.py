"""Send: sends the alerts that the table's stream brings by e-mail and webhook.

Alerts are sent at once, since a receiver may be slow; those that SES or DynamoDB would not take are tried again.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import DynamoDBStreamEvent, event_source
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from functions.alerts.wiring import mailer, webhooks
from functions.settings import SendAlertsSettings
from tickfold.alerts.alert_store import AlertStore, RecordedAlert, alert_in
from tickfold.alerts.sending import SENT, Sending

logger = Logger()
_AT_ONCE = 32


@cache
def dependencies() -> Sending:
    settings = SendAlertsSettings.read()
    store = AlertStore(wiring.dynamodb().Table(settings.alerts_table))
    return Sending(store, mailer(settings), webhooks(settings))


@logger.inject_lambda_context(clear_state=True)
@event_source(data_class=DynamoDBStreamEvent)
def handler(event: DynamoDBStreamEvent, _context: LambdaContext) -> dict[str, Any]:
    failed = send(event, dependencies())
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


def send(event: DynamoDBStreamEvent, sending: Sending) -> list[str]:
    """Send a batch; return the sequence numbers of the records that must be tried again, in order."""
    alerts = dict(_alerts(event))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        sent = pool.map(lambda alert: _is_sent(alert, sending), alerts.values())
        return [number for number, is_sent in zip(alerts, sent, strict=True) if not is_sent]


def _alerts(event: DynamoDBStreamEvent) -> Iterator[tuple[str, RecordedAlert]]:
    for record in event.records:
        change = record.dynamodb
        if change and change.sequence_number and change.new_image and "body" in change.new_image:
            yield change.sequence_number, alert_in(change.new_image)


def _is_sent(alert: RecordedAlert, sending: Sending) -> bool:
    """Send one alert; return False if it must be tried again. The log says what became of it, without addresses."""
    ids = {"alert_id": alert.alert.alert_id}
    try:
        outcomes = sending.send(alert)
    except Exception:
        logger.exception("an alert was not sent", extra=ids)
        return False
    for channel, outcome in outcomes.items():
        log = logger.info if outcome == SENT else logger.warning
        log("alert", extra={**ids, "channel": channel, "outcome": outcome})
    return True
