"""Alerts: the rules by which a user is told of prices, portfolios, runs and the feed, their alerts, and how a user
wants them.

To add a kind of rule, add its condition here, and its measure to tickfold/alerts/measure.py.
"""

import re
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from tickfold.protocol.portfolios import PortfolioRef
from tickfold.protocol.symbol import Symbol
from tickfold.protocol.wire import ClientRequest, Message, RunId, Wire, is_absent, is_unset

MOST_RULES = 200
"""Rules of one user."""
SESSION_MINUTES = 390
LONGEST_ADDRESS = 254
MOST_PORT = 65_535
_LAST_TIME = 253_402_300_799_000
"""The end of the year 9999."""
_ADDRESS = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"

Channel = Literal["browser", "email", "webhook"]
Frequency = Literal["once", "daily", "always"]
PortfolioKind = Literal[
    "equity", "cash", "profit", "drawdown", "position", "orders", "limit_breached", "killed", "bots"
]
AlertKind = Literal[
    "price", "change", "indicator", "spread", "volume", PortfolioKind, "run_ended", "feed_silent", "test"
]
OrderOutcome = Literal["filled", "partly_filled", "rejected", "expired", "cancelled"]
BotOutcome = Literal["paused", "stopped"]
RuleId = Annotated[str, Field(pattern=r"^r[0-9a-f]{16}$", description="The rule, as `alert_rule` names it.")]


# --- conditions ------------------------------------------------------------------------------------------------------


class Level(Wire):
    """A level that is reached from below (`above`) or from above (`below`); one of the two."""

    above: Annotated[float | None, Field(exclude_if=is_unset, description="Alert at this level or above.")] = None
    below: Annotated[float | None, Field(exclude_if=is_unset, description="Alert at this level or below.")] = None
    hysteresis: Annotated[
        float,
        Field(
            ge=0,
            description="How far back beyond the level it must go before the rule can alert again, in the unit of the "
            "level; a value that wavers around the level alerts once.",
        ),
    ] = 0.0

    @model_validator(mode="after")
    def _check_level(self) -> Self:
        if (self.above is None) == (self.below is None):
            raise ValueError("expected one of above and below")
        return self


class PriceCondition(Level):
    """A symbol trades at or beyond a price, in dollars: the high and the low of each minute count."""

    kind: Literal["price"]
    symbol: Symbol

    @model_validator(mode="after")
    def _check_price(self) -> Self:
        if (self.above or self.below or 0.0) <= 0:
            raise ValueError("above or below: expected a price over 0, in dollars")
        return self


class ChangeCondition(Level):
    """A symbol has changed by a fraction, such as 0.05 or −0.05, over some minutes or since the session's open."""

    kind: Literal["change"]
    symbol: Symbol
    minutes: Annotated[
        int | None,
        Field(
            ge=1,
            le=SESSION_MINUTES,
            description="The change over so many minutes, or since the session's open where that is shorter; null: "
            "since the open.",
        ),
    ] = None


class IndicatorCondition(Wire):
    """A symbol's close crosses an indicator: it must have been on the other side since the rule began."""

    kind: Literal["indicator"]
    symbol: Symbol
    indicator: Annotated[
        Literal["sma9", "vwap"],
        Field(description="The mean of the last nine closes, or the session's volume-weighted average price."),
    ]
    crosses: Literal["above", "below"]
    hysteresis: Annotated[float, Field(ge=0, description="In dollars, from the indicator.")] = 0.0


class SpreadCondition(Level):
    """The close of one symbol minus that of another, in dollars, in the minutes of which both have a bar."""

    kind: Literal["spread"]
    symbol: Symbol
    minus: Annotated[Symbol, Field(description="The symbol whose close is subtracted.")]

    @model_validator(mode="after")
    def _check_symbols(self) -> Self:
        if self.symbol == self.minus:
            raise ValueError(f"minus {self.minus!r}: expected another symbol than {self.symbol}")
        return self


class VolumeCondition(Wire):
    """A minute of a symbol has at least so many shares."""

    kind: Literal["volume"]
    symbol: Symbol
    above: Annotated[float, Field(gt=0, description="Shares of one minute.")]


class RunEndedCondition(Wire):
    """A run of the user has ended: succeeded, failed or cancelled."""

    kind: Literal["run_ended"]
    run_id: Annotated[RunId | None, Field(exclude_if=is_unset, description="This run only.")] = None


class FeedSilentCondition(Wire):
    """The feed has stored no bar for so many minutes of a session."""

    kind: Literal["feed_silent"]
    minutes: Annotated[int, Field(ge=1, le=SESSION_MINUTES)] = 15


class BalanceCondition(Level):
    """The equity, the cash or the profit of a portfolio reaches an amount, in dollars.

    Profit is the equity less what was paid in; a loss is below 0. It is looked at after each bar, and each payment.
    """

    kind: Literal["equity", "cash", "profit"]
    portfolio: PortfolioRef


class DrawdownCondition(Wire):
    """The equity of a portfolio has fallen by a fraction, such as 0.05, from its highest, as payments move that."""

    kind: Literal["drawdown"]
    portfolio: PortfolioRef
    above: Annotated[float, Field(gt=0, le=1, description="Alert at this fraction or more.")]
    hysteresis: Annotated[
        float, Field(ge=0, le=1, description="How far it must recover before the next alert, as a fraction.")
    ] = 0.0


class PositionCondition(Level):
    """The position of a portfolio in a symbol is worth so much at a bar's close, long or short, in dollars.

    What its bots hold is theirs, and does not count.
    """

    kind: Literal["position"]
    portfolio: PortfolioRef
    symbol: Symbol

    @model_validator(mode="after")
    def _check_value(self) -> Self:
        if (self.above or self.below or 0.0) < 0:
            raise ValueError("above or below: expected dollars of at least 0")
        return self


class OrdersCondition(Wire):
    """An order of a portfolio has filled, or ended without that.

    `cancelled` is what the trader cancels, not its owner; exits of a bracket that end with the other one are left out.
    """

    kind: Literal["orders"]
    portfolio: PortfolioRef
    symbol: Annotated[Symbol | None, Field(exclude_if=is_unset, description="Orders of this symbol only.")] = None
    outcomes: Annotated[
        list[OrderOutcome],
        Field(min_length=1, max_length=5, description="`filled`: whole; `partly_filled`: a part, and more may follow."),
    ] = ["filled", "rejected", "expired", "cancelled"]


class HaltCondition(Wire):
    """A portfolio is paused since its losses breached a limit, or its trading was stopped by a person."""

    kind: Literal["limit_breached", "killed"]
    portfolio: PortfolioRef


class BotsCondition(Wire):
    """A bot of a portfolio is paused, by a person, or since its strategy failed, its code changed, or no equity is
    left; or it has stopped."""

    kind: Literal["bots"]
    portfolio: PortfolioRef
    bot: Annotated[
        str | None, Field(exclude_if=is_unset, min_length=1, max_length=64, description="This bot only.")
    ] = None
    outcomes: Annotated[list[BotOutcome], Field(min_length=1, max_length=2)] = ["paused", "stopped"]


PortfolioCondition = (
    BalanceCondition | DrawdownCondition | PositionCondition | OrdersCondition | HaltCondition | BotsCondition
)
"""What looks at the journal of a portfolio."""
Condition = (
    PriceCondition
    | ChangeCondition
    | IndicatorCondition
    | SpreadCondition
    | VolumeCondition
    | PortfolioCondition
    | RunEndedCondition
    | FeedSilentCondition
)


# --- rules and preferences -------------------------------------------------------------------------------------------


_WEBHOOK = r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-\"$-~]*)?$"
_HOUR = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


def _webhook(url: str) -> str:
    if not re.fullmatch(_WEBHOOK, url) or int(urlsplit(url).netloc.partition(":")[2] or 0) > MOST_PORT:
        raise ValueError("expected a URL such as https://example.com/hook, of printable ASCII, without user and #")
    return url


WebhookUrl = Annotated[
    str, AfterValidator(_webhook), WithJsonSchema({"type": "string", "pattern": _WEBHOOK, "maxLength": 1_000})
]


class AlertTerms(Wire):
    """What a user sets of a rule."""

    condition: Annotated[Condition, Field(discriminator="kind")]
    frequency: Annotated[
        Frequency,
        Field(
            description="`once`; `daily`: once a day of the user's time zone at most; `always`: each time that the "
            "condition comes true."
        ),
    ] = "always"
    cool_down_minutes: Annotated[
        int, Field(ge=0, le=10_080, description="The least time between two alerts of the rule.")
    ] = 0
    expires_at: Annotated[
        int | None,
        Field(
            exclude_if=is_unset,
            ge=0,
            le=_LAST_TIME,
            description="Bars that end later, and what happens later, do not count; milliseconds since 1970.",
        ),
    ] = None
    channels: Annotated[
        list[Channel] | None,
        Field(min_length=1, max_length=3, description="Null: those of the user's preferences."),
    ] = None
    webhook_url: Annotated[
        WebhookUrl | None,
        Field(exclude_if=is_unset, max_length=1_000, description="Where the channel `webhook` posts to."),
    ] = None
    note: Annotated[str, Field(max_length=200, exclude_if=is_absent, description="In the user's own words.")] = ""

    @model_validator(mode="after")
    def _check_webhook(self) -> Self:
        if self.channels and ("webhook" in self.channels) != (self.webhook_url is not None):
            raise ValueError("webhookUrl: expected with the channel webhook, and only with it")
        return self


def _hour(text: str) -> str:
    if not re.fullmatch(_HOUR, text):
        raise ValueError("expected a time of the day such as 22:00")
    return text


Hour = Annotated[str, AfterValidator(_hour), WithJsonSchema({"type": "string", "pattern": _HOUR})]


class QuietHours(Wire):
    """From one time of the day to another, of the clock in the user's time zone, also over midnight."""

    begin: Hour
    end: Hour

    @model_validator(mode="after")
    def _check_length(self) -> Self:
        if self.begin == self.end:
            raise ValueError(f"end {self.end!r}: expected another time than begin")
        return self


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("expected an IANA time zone such as America/New_York or Europe/Berlin") from None
    return name


def _address(text: str) -> str:
    if len(text) > LONGEST_ADDRESS or not re.fullmatch(_ADDRESS, text):
        raise ValueError("expected an e-mail address such as ada@example.com")
    return text


TimeZone = Annotated[
    str,
    AfterValidator(_zone),
    WithJsonSchema({"type": "string", "examples": ["America/New_York", "Europe/Berlin", "UTC"]}),
]
Address = Annotated[
    str,
    AfterValidator(_address),
    WithJsonSchema({"type": "string", "pattern": _ADDRESS, "maxLength": LONGEST_ADDRESS}),
]


class Preferences(Wire):
    """How a user wants alerts. In quiet hours they come to the browser, marked `quiet`, and to webhooks, but not by
    e-mail; all are in the history."""

    time_zone: Annotated[TimeZone, Field(description="IANA name.")] = "America/New_York"
    channels: Annotated[
        list[Literal["browser", "email"]], Field(min_length=1, max_length=2, description="Of rules that name none.")
    ] = ["browser"]
    email: Annotated[
        Address | None,
        Field(description="Where e-mail goes, once the address is confirmed by the link that is sent to it."),
    ] = None
    quiet_hours: QuietHours | None = None


# --- requests --------------------------------------------------------------------------------------------------------


class NewAlertTerms(Wire):
    """What a rule is to be."""

    rule: AlertTerms


class NewAlertRule(NewAlertTerms):
    """A rule that is made."""

    key: Annotated[
        str | None,
        Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="Idempotency key: a second one makes no second rule."),
    ] = None


class CreateAlertRule(NewAlertRule, ClientRequest):
    """Make a rule. Reply: `alert_rule`, with the secret of a webhook, which is shown this once."""

    type: Literal["create_alert_rule"] = "create_alert_rule"


class AlertRulesPage(Wire):
    """Which page of the user's rules, by id."""

    after: Annotated[RuleId | None, Field(description="`next` of the previous reply.")] = None


class ListAlertRules(AlertRulesPage, ClientRequest):
    """Get the user's rules. Reply: `alert_rules`."""

    type: Literal["list_alert_rules"] = "list_alert_rules"


class ChangeAlertRule(NewAlertTerms, ClientRequest):
    """Put other terms in place of a rule's; it begins anew, and may alert again. Reply: `alert_rule`."""

    type: Literal["change_alert_rule"] = "change_alert_rule"
    rule_id: RuleId


class DeleteAlertRule(ClientRequest):
    """Delete a rule; its alerts stay in the history. Idempotent. Reply: `alert_rule_deleted`."""

    type: Literal["delete_alert_rule"] = "delete_alert_rule"
    rule_id: RuleId


class AlertsPage(Wire):
    """Which page of the user's alerts, the latest first."""

    limit: Annotated[int, Field(ge=1, le=50, description="Maximum number of alerts in the reply.")] = 20
    before: Annotated[
        str | None,
        Field(pattern=r"^alert#[0-9]{15}#[!-~]+$", max_length=300, description="`next` of the previous reply."),
    ] = None


class ListAlerts(AlertsPage, ClientRequest):
    """Get the user's alerts, the latest first. Reply: `alerts`."""

    type: Literal["list_alerts"] = "list_alerts"


class GetAlertPreferences(ClientRequest):
    """Get how the user wants alerts. Reply: `alert_preferences`."""

    type: Literal["get_alert_preferences"] = "get_alert_preferences"


class NewPreferences(Wire):
    """How the user is to get alerts."""

    preferences: Preferences


class SetAlertPreferences(NewPreferences, ClientRequest):
    """Set how the user wants alerts. A new e-mail address gets a message with a link that confirms it. Reply:
    `alert_preferences`."""

    type: Literal["set_alert_preferences"] = "set_alert_preferences"


class TestAlert(ClientRequest):
    """Send a test message by the channels of a rule, whatever the hour. Reply: `alert`."""

    __test__ = False  # for pytest: no test
    type: Literal["test_alert"] = "test_alert"
    rule_id: RuleId


# --- messages --------------------------------------------------------------------------------------------------------


class AlertRuleSummary(Wire):
    """A rule and how far it is."""

    rule_id: str
    rule: AlertTerms
    created_at: Annotated[int, Field(description="Milliseconds since 1970 UTC.")]
    status: Annotated[
        Literal["armed", "waiting", "done", "expired"],
        Field(description="`waiting`: it alerts again once the value has gone back by the hysteresis."),
    ]
    fired: Annotated[int, Field(ge=0, description="Alerts so far.")]
    last_fired_at: Annotated[int | None, Field(description="Milliseconds since 1970 UTC.")] = None


class AlertRule(Message):
    """A rule that was made or changed."""

    type: Literal["alert_rule"] = "alert_rule"
    rule: AlertRuleSummary
    webhook_secret: Annotated[
        str | None,
        Field(exclude_if=is_unset, description="Signs what is posted to the webhook; shown when it is made only."),
    ] = None


class AlertRules(Message):
    """The user's rules."""

    type: Literal["alert_rules"] = "alert_rules"
    rules: list[AlertRuleSummary]
    next: Annotated[str | None, Field(description="`after` of the request for the next page.")] = None


class AlertRuleDeleted(Message):
    """There is no such rule any more."""

    type: Literal["alert_rule_deleted"] = "alert_rule_deleted"
    rule_id: str


class Alert(Message):
    """An alert. It may come more than once: show each `alertId` once."""

    type: Literal["alert"] = "alert"
    alert_id: str
    rule_id: str
    kind: AlertKind
    title: Annotated[str, Field(description="A few words, such as `GOOG above 180.00`.")]
    text: Annotated[str, Field(description="One or two sentences with the numbers.")]
    at: Annotated[int, Field(description="The end of the bar, or when it happened. Milliseconds since 1970 UTC.")]
    value: Annotated[float | None, Field(exclude_if=is_unset, description="In the unit of the rule's level.")] = None
    symbol: Annotated[str | None, Field(exclude_if=is_unset)] = None
    portfolio: Annotated[str | None, Field(exclude_if=is_unset, description="The id of the portfolio.")] = None
    quiet: Annotated[bool, Field(description="Whether it fell in the user's quiet hours.")] = False


class SentAlert(Wire):
    """An alert of the history, and what became of it by e-mail and webhook."""

    alert: Alert
    deliveries: Annotated[dict[str, str], Field(description="By channel: `sent`, or why it was not.")]


class Alerts(Message):
    """The user's alerts, the latest first."""

    type: Literal["alerts"] = "alerts"
    alerts: list[SentAlert]
    next: Annotated[str | None, Field(description="`before` of the request for the next page.")] = None


class AlertPreferences(Message):
    """How the user wants alerts."""

    type: Literal["alert_preferences"] = "alert_preferences"
    preferences: Preferences
    email_state: Annotated[
        Literal["none", "unconfirmed", "confirmed", "unsubscribed"],
        Field(description="Only a `confirmed` address gets alerts; setting it again sends another link."),
    ]


AlertRequest = (
    CreateAlertRule
    | ListAlertRules
    | ChangeAlertRule
    | DeleteAlertRule
    | ListAlerts
    | GetAlertPreferences
    | SetAlertPreferences
    | TestAlert
)
AlertAnswer = AlertRule | AlertRules | AlertRuleDeleted | Alerts | AlertPreferences


def condition_symbols(condition: Any) -> list[str]:
    """Return the symbols whose bars a condition looks at."""
    if isinstance(condition, PortfolioCondition):
        return []
    return [name for each in ("symbol", "minus") if (name := getattr(condition, each, None))]
