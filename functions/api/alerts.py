"""Alerts: the rules by which you are told of prices, runs and the feed, their history, and how you want them."""

from http import HTTPStatus

from functions.api.operation import Area, Call, Located
from tickfold.protocol import (
    Alert,
    AlertPreferences,
    AlertRule,
    AlertRuleDeleted,
    AlertRules,
    AlertRuleSummary,
    Alerts,
    ChangeAlertRule,
    CreateAlertRule,
    DeleteAlertRule,
    GetAlertPreferences,
    ListAlertRules,
    ListAlerts,
    SetAlertPreferences,
    TestAlert,
)
from tickfold.protocol.alerts import (
    AlertRulesPage,
    AlertsPage,
    NewAlertRule,
    NewAlertTerms,
    NewPreferences,
    RuleId,
)
from tickfold.protocol.wire import Wire

area = Area("alerts", "Alerts: the rules by which you are told of prices, runs and the feed, and their history.")


class RulePath(Wire):
    """A rule."""

    rule_id: RuleId


@area.operation("GET", "/v1/alerts", answer=Alerts)
def list_alerts(call: Call, query: AlertsPage) -> str:
    """List your alerts, the latest first, and what became of them by e-mail and webhook."""
    return call.reply_to(ListAlerts(**dict(query)), call.services.alerts.carry_out)


@area.operation("GET", "/v1/alerts/rules", answer=AlertRules)
def list_alert_rules(call: Call, query: AlertRulesPage) -> str:
    """List your rules, by id."""
    return call.reply_to(ListAlertRules(**dict(query)), call.services.alerts.carry_out)


@area.operation(
    "POST",
    "/v1/alerts/rules",
    answer=AlertRule,
    status=HTTPStatus.CREATED,
    refusals=("not_found", "conflict", "limit"),
    headers={"Location": "The rule."},
    key="key",
)
def create_alert_rule(call: Call, body: NewAlertRule) -> Located:
    """Make a rule; of one with a webhook, its secret is shown this once.

    With an `Idempotency-Key`, a second request makes no second rule. Without one, every request makes a rule.
    """
    reply = call.reply_to(CreateAlertRule(**dict(body)), call.services.alerts.carry_out)
    return Located(reply, f"/v1/alerts/rules/{AlertRule.model_validate_json(reply).rule.rule_id}")


@area.operation("GET", "/v1/alerts/rules/{ruleId}", answer=AlertRuleSummary, refusals=("not_found",))
def get_alert_rule(call: Call, path: RulePath) -> AlertRuleSummary:
    """Look at a rule and how far it is."""
    return call.services.alerts.rule(call.user.user_id, path.rule_id)


@area.operation("PUT", "/v1/alerts/rules/{ruleId}", answer=AlertRule, refusals=("not_found", "conflict"))
def change_alert_rule(call: Call, path: RulePath, body: NewAlertTerms) -> str:
    """Put other terms in place of a rule's; it begins anew, and may alert again."""
    return call.reply_to(ChangeAlertRule(**dict(path), **dict(body)), call.services.alerts.carry_out)


@area.operation("DELETE", "/v1/alerts/rules/{ruleId}", answer=AlertRuleDeleted)
def delete_alert_rule(call: Call, path: RulePath) -> str:
    """Delete a rule; its alerts stay in the history. Idempotent."""
    return call.reply_to(DeleteAlertRule(**dict(path)), call.services.alerts.carry_out)


@area.operation("POST", "/v1/alerts/rules/{ruleId}/test", answer=Alert, refusals=("not_found",))
def send_test_alert(call: Call, path: RulePath) -> str:
    """Send a test message by the channels of a rule, whatever the hour; each request sends one."""
    return call.reply_to(TestAlert(**dict(path)), call.services.alerts.carry_out)


@area.operation("GET", "/v1/alerts/preferences", answer=AlertPreferences)
def get_alert_preferences(call: Call) -> str:
    """Get how you want alerts."""
    return call.reply_to(GetAlertPreferences(), call.services.alerts.carry_out)


@area.operation("PUT", "/v1/alerts/preferences", answer=AlertPreferences)
def set_alert_preferences(call: Call, body: NewPreferences) -> str:
    """Set how you want alerts. A new e-mail address gets a message with a link that confirms it."""
    return call.reply_to(SetAlertPreferences(**dict(body)), call.services.alerts.carry_out)
