"""The client's methods of alert rules, their alerts, and the user's preferences."""

import uuid

from tickfold.client.answers import expect
from tickfold.client.session import Session
from tickfold.protocol import (
    Alert,
    AlertPreferences,
    AlertRule,
    AlertRuleDeleted,
    AlertRules,
    AlertRuleSummary,
    Alerts,
    AlertTerms,
    ChangeAlertRule,
    CreateAlertRule,
    DeleteAlertRule,
    GetAlertPreferences,
    ListAlertRules,
    ListAlerts,
    Preferences,
    SetAlertPreferences,
    TestAlert,
)


class AlertClient:
    """The user's alert rules, what they have told, and how."""

    def __init__(self, session: Session) -> None:
        """Send requests over `session`."""
        self._session = session

    async def create_alert_rule(self, rule: AlertTerms, key: str | None = None) -> AlertRule:
        """Make an alert rule. The answer has the secret of its webhook, if it has one, this once.

        Idempotent by `key`; one is generated if none is given.
        """
        return expect(AlertRule, await self._session.ask(CreateAlertRule(rule=rule, key=key or uuid.uuid4().hex)))

    async def alert_rules(self) -> list[AlertRuleSummary]:
        """Return the user's alert rules, and how far each is."""
        page = expect(AlertRules, await self._session.ask(ListAlertRules()))
        rules = list(page.rules)
        while page.next:
            page = expect(AlertRules, await self._session.ask(ListAlertRules(after=page.next)))
            rules += page.rules
        return rules

    async def change_alert_rule(self, rule_id: str, rule: AlertTerms) -> AlertRule:
        """Put other terms in place of a rule's, which begins anew."""
        return expect(AlertRule, await self._session.ask(ChangeAlertRule(rule_id=rule_id, rule=rule)))

    async def delete_alert_rule(self, rule_id: str) -> None:
        """Delete an alert rule. Idempotent; its alerts stay in the history."""
        expect(AlertRuleDeleted, await self._session.ask(DeleteAlertRule(rule_id=rule_id)))

    async def alert_history(self, limit: int = 20, before: str | None = None) -> Alerts:
        """Return up to `limit` of the user's alerts, the latest first; `before` is `next` of the previous page."""
        return expect(Alerts, await self._session.ask(ListAlerts(limit=limit, before=before)))

    async def alert_preferences(self) -> AlertPreferences:
        """Return how the user wants alerts."""
        return expect(AlertPreferences, await self._session.ask(GetAlertPreferences()))

    async def set_alert_preferences(self, preferences: Preferences) -> AlertPreferences:
        """Set how the user wants alerts. A new e-mail address gets a message with a link that confirms it."""
        return expect(AlertPreferences, await self._session.ask(SetAlertPreferences(preferences=preferences)))

    async def test_alert(self, rule_id: str) -> Alert:
        """Send a test message by the channels of a rule."""
        return expect(Alert, await self._session.ask(TestAlert(rule_id=rule_id)))
