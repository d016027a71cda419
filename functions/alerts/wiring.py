"""What the functions of alerts share: how alerts are sent."""

import boto3
from botocore.config import Config

from functions.settings import SendAlertsSettings
from tickfold.alerts.links import Links
from tickfold.alerts.mail import Mailer
from tickfold.alerts.webhook import Webhooks

_RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=2, read_timeout=10)


def mailer(settings: SendAlertsSettings) -> Mailer | None:
    """Return what sends e-mail; None where the stack has no sender."""
    if not settings.alert_sender:
        return None
    return Mailer(boto3.client("sesv2", config=_RETRIES), settings.alert_sender, Links(settings.alert_links_url))


def webhooks(settings: SendAlertsSettings) -> Webhooks:
    """Return what posts to webhooks."""
    return Webhooks(to_loopback=bool(settings.loopback_webhooks))
