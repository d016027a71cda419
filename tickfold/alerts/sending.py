"""Sending: what is recorded goes by e-mail and webhook, and what became of it is noted beside it."""

from dataclasses import dataclass

from tickfold.alerts.alert_store import AlertStore, RecordedAlert
from tickfold.alerts.mail import Mailer, alert_mail
from tickfold.alerts.webhook import WebhookRefusedError, Webhooks
from tickfold.protocol.wire import dump

SENT = "sent"


@dataclass(frozen=True)
class Sending:
    """Sends alerts. `mailer` is None where the stack has no sender."""

    store: AlertStore
    mailer: Mailer | None
    webhooks: Webhooks

    def send(self, alert: RecordedAlert) -> dict[str, str]:
        """Send an alert by those of its channels by which it was not sent; return what became of it, by channel.

        At least once: whoever ends between sending and noting it sends it again.

        Raises:
            ClientError: SES or DynamoDB does not answer: the alert is to be tried again.
        """
        channels = [each for each in alert.channels if each in ("email", "webhook")]
        known = self.store.deliveries(alert) if channels else {}
        outcomes = dict[str, str]()
        for channel in channels:
            if channel in known:
                continue
            outcomes[channel] = self._by_email(alert) if channel == "email" else self._by_webhook(alert)
            self.store.note_delivery(alert, channel, outcomes[channel])
        return outcomes

    def _by_email(self, alert: RecordedAlert) -> str:
        user = self.store.preferences(alert.owner)
        address = user.preferences.email
        if self.mailer is None:
            return "not sent: this stack sends no e-mail"
        if address is None or user.email_state != "confirmed":
            return f"not sent: the address is {user.email_state}"
        self.mailer.send(alert_mail(alert.alert, alert.owner, user, self.mailer.links), address)
        return SENT

    def _by_webhook(self, alert: RecordedAlert) -> str:
        standing = self.store.rule(alert.owner, alert.alert.rule_id)
        url = standing.rule.terms.webhook_url if standing else None
        if standing is None or url is None:
            return "not sent: the rule is gone"
        try:
            self.webhooks.post(url, standing.rule.secret, alert.alert.alert_id, dump(alert.alert))
        except WebhookRefusedError as error:
            return f"not sent: {error}"
        return SENT
