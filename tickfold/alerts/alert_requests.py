"""The requests about alerts: rules, history, preferences and tests. Each user sees and changes only what is his own."""

import hashlib
import secrets
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, assert_never

from tickfold.alerts.alert_store import AlertStore, RecordedAlert, Standing, UserPreferences
from tickfold.alerts.evaluation import initial_state
from tickfold.alerts.mail import Mailer, confirmation_mail
from tickfold.alerts.observation import SeenBar, last_number_of, of_portfolio, of_symbol
from tickfold.alerts.rule import Rule, RuleState
from tickfold.alerts.webhook import WebhookRefusedError, Webhooks
from tickfold.alerts.wording import title_of
from tickfold.errors import RunError, TryLaterError
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.watch_list import WatchList
from tickfold.portfolios.ownership import owned
from tickfold.portfolios.store import PortfolioStore
from tickfold.protocol.alerts import (
    MOST_RULES,
    Alert,
    AlertPreferences,
    AlertRequest,
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
    PortfolioCondition,
    SentAlert,
    SetAlertPreferences,
    TestAlert,
    condition_symbols,
)
from tickfold.protocol.subscriptions import Subscribed, Unsubscribed
from tickfold.realtime import topics
from tickfold.realtime.caller import Caller
from tickfold.realtime.connections import Subscriptions
from tickfold.realtime.message_size import fitting

MOST_CONFIRMATIONS: Final = 5
"""Messages that a user can have sent in a UTC day to have an address confirmed: none can be bothered with them."""
_BYTES_BESIDE_ROWS: Final = 1_000
_DAY: Final = 24 * 3_600
_NO_SENDER = (
    "this stack sends no e-mail: set alertSender to an address that is verified in Amazon SES "
    "(docs/how-to/set-alerts.md), or choose other channels"
)


@dataclass(frozen=True)
class AlertRequests:
    """Carries out the requests about alerts. `mailer` is None where the stack has no sender."""

    store: AlertStore
    bars: HotStore
    watch_list: WatchList
    connections: Subscriptions
    mailer: Mailer | None
    webhooks: Webhooks
    portfolios: PortfolioStore

    def subscribe(self, caller: Caller) -> None:
        """Subscribe the caller to its user's alerts."""
        owner = caller.user.user_id
        self.connections.subscribe(caller.connection_id, caller.user, topics.of_alerts(owner))
        caller.reply(Subscribed(topic="alerts", id=owner))

    def unsubscribe(self, caller: Caller) -> None:
        """Remove that subscription. Idempotent."""
        owner = caller.user.user_id
        self.connections.unsubscribe(caller.connection_id, topics.of_alerts(owner))
        caller.reply(Unsubscribed(topic="alerts", id=owner))

    def carry_out(self, caller: Caller, request: AlertRequest) -> None:
        """Carry out a request and reply to it.

        Raises:
            RunError: it cannot be; nothing has changed.
        """
        owner = caller.user.user_id
        match request:
            case CreateAlertRule():
                caller.reply(self._create(owner, request))
            case ChangeAlertRule():
                caller.reply(self._change(owner, request))
            case DeleteAlertRule():
                if standing := self.store.rule(owner, request.rule_id):
                    self.store.delete(standing.rule)
                caller.reply(AlertRuleDeleted(rule_id=request.rule_id))
            case ListAlertRules():
                caller.reply(self._rules(owner, request.after or ""))
            case ListAlerts():
                caller.reply(self._alerts(owner, request))
            case GetAlertPreferences():
                caller.reply(_shown(self.store.preferences(owner)))
            case SetAlertPreferences():
                caller.reply(self._set_preferences(owner, request))
            case TestAlert():
                caller.reply(self._test(owner, request.rule_id))
            case _:
                assert_never(request)

    def rule(self, owner: str, rule_id: str) -> AlertRuleSummary:
        """Return a rule of a user.

        Raises:
            RunError: the user has none of this id.
        """
        return _summary(self._own(owner, rule_id))

    # --- rules -------------------------------------------------------------------------------------------------------

    def _create(self, owner: str, request: CreateAlertRule) -> AlertRule:
        rule_id = _rule_id(owner, request.key or secrets.token_hex(16))
        if known := self.store.rule(owner, rule_id):
            return AlertRule(rule=_summary(known), webhook_secret=known.rule.secret or None)
        if len(self.store.rules_of(owner)) >= MOST_RULES:
            raise RunError(f"you have {MOST_RULES} rules, which is the limit; delete one first", "limit")
        standing = self._new(owner, rule_id, request.rule, secret="")
        if not self.store.create(standing):
            raise RunError("the same request is being carried out; list your rules", "conflict")
        return AlertRule(rule=_summary(standing), webhook_secret=standing.rule.secret or None)

    def _change(self, owner: str, request: ChangeAlertRule) -> AlertRule:
        before = self._own(owner, request.rule_id)
        after = self._new(owner, request.rule_id, request.rule, secret=before.rule.secret)
        if not self.store.change(before, after):
            # It has just alerted, or advanced: what was asked for is put over that.
            return self._change(owner, request)
        new_secret = after.rule.secret if after.rule.secret != before.rule.secret else None
        return AlertRule(rule=_summary(after), webhook_secret=new_secret)

    def _own(self, owner: str, rule_id: str) -> Standing:
        standing = self.store.rule(owner, rule_id)
        if standing is None:
            raise RunError(f"there is no alert rule {rule_id}", "not_found")
        return standing

    def _new(self, owner: str, rule_id: str, terms: AlertTerms, *, secret: str) -> Standing:
        """Return a rule that begins now: what was so far does not count, but as what changes are measured from."""
        user = self.store.preferences(owner)
        self._check(terms, user)
        terms, numbers = self._with_portfolio(owner, terms)
        signing = (secret or f"whsec_{secrets.token_hex(32)}") if terms.webhook_url else ""
        rule = Rule(rule_id, owner, terms, datetime.now(UTC), user.preferences, signing)
        state = initial_state(rule, numbers)
        for symbol in condition_symbols(terms.condition):
            state = self._up_to_now(rule, state, symbol)
        return Standing(rule, state)

    def _with_portfolio(self, owner: str, terms: AlertTerms) -> tuple[AlertTerms, tuple[tuple[str, int], ...]]:
        """Return the terms with the id of their portfolio, and the number of the last event of its journal.

        Raises:
            RunError: the owner has no such portfolio.
        """
        condition = terms.condition
        if not isinstance(condition, PortfolioCondition):
            return terms, ()
        portfolio = owned(self.portfolios, owner, condition.portfolio)
        self.store.follow(portfolio)
        named = condition.model_copy(update={"portfolio": portfolio.portfolio})
        numbers = ((of_portfolio(portfolio.portfolio), last_number_of(portfolio.revision)),)
        return terms.model_copy(update={"condition": named}), numbers

    def _up_to_now(self, rule: Rule, state: RuleState, symbol: str) -> RuleState:
        last, memory = 0, state.memory
        for each in self.bars.last_session(symbol):
            memory, _ = rule.measure.read(memory, SeenBar(symbol, each))
            last = each.sequence
        if last == 0:  # its bars are in the lake, or there is none yet
            last = self._sequence(symbol)
        return replace(state, memory=memory, numbers=(*state.numbers, (of_symbol(symbol), last)))

    def _sequence(self, symbol: str) -> int:
        """Return the number of a symbol's last bar.

        Raises:
            RunError: the feed does not know the symbol.
        """
        if number := self.bars.state(symbol).sequence:
            return number
        self.watch_list.watched(symbol)
        return 0

    def _check(self, terms: AlertTerms, user: UserPreferences) -> None:
        if terms.expires_at is not None and terms.expires_at <= time.time() * 1_000:
            raise RunError("expiresAt is in the past; expected a later time, in milliseconds since 1970 UTC")
        if terms.channels and "email" in terms.channels:
            self._check_email(user)
        if terms.webhook_url:
            try:
                self.webhooks.check(terms.webhook_url)
            except WebhookRefusedError as error:
                raise RunError(f"webhookUrl {error}") from None

    def _check_email(self, user: UserPreferences) -> None:
        if self.mailer is None:
            raise RunError(_NO_SENDER)
        if user.email_state != "confirmed":
            raise RunError(
                f"your e-mail address is {_EMAIL_WORDS[user.email_state]}: set it with `tickfold alert preferences "
                "--address` or set_alert_preferences, and open the link that is sent to it",
                "conflict",
            )

    def _rules(self, owner: str, after: str) -> AlertRules:
        rules = [_summary(each) for each in self.store.rules_of(owner) if each.rule.rule_id > after]
        listed = fitting(rules, reserved=_BYTES_BESIDE_ROWS)
        return AlertRules(rules=listed, next=listed[-1].rule_id if len(listed) < len(rules) else None)

    # --- alerts ------------------------------------------------------------------------------------------------------

    def _alerts(self, owner: str, request: ListAlerts) -> Alerts:
        page, following = self.store.alerts_of(owner, request.limit, request.before)
        rows = [SentAlert(alert=each.alert, deliveries=dict(each.deliveries)) for each in page]
        listed = fitting(rows, reserved=_BYTES_BESIDE_ROWS)
        if len(listed) < len(rows):
            following = page[len(listed) - 1].entry
        return Alerts(alerts=listed, next=following)

    def _test(self, owner: str, rule_id: str) -> Alert:
        standing = self._own(owner, rule_id)
        now = int(time.time() * 1_000)
        alert = Alert(
            alert_id=f"{rule_id}-test-{now}",
            rule_id=rule_id,
            kind="test",
            title=f"Test: {title_of(standing.rule.terms.condition)}",
            text="This is a test of the rule's channels. Its condition has not come true.",
            at=now,
        )
        self.store.record(RecordedAlert(owner, alert, tuple(standing.rule.channels)))
        return alert

    # --- preferences -------------------------------------------------------------------------------------------------

    def _set_preferences(self, owner: str, request: SetAlertPreferences) -> AlertPreferences:
        before, wanted = self.store.preferences(owner), request.preferences
        if "email" in wanted.channels and wanted.email is None:
            raise RunError("email is missing: the channel email needs an address")
        if wanted.email is None:
            after = replace(before, preferences=wanted, email_state="none")
        elif wanted.email == before.preferences.email and before.email_state == "confirmed":
            after = replace(before, preferences=wanted)
        else:
            return self._confirm(owner, replace(before, preferences=wanted, email_state="unconfirmed"))
        self.store.set_preferences(owner, after)
        return _shown(after)

    def _confirm(self, owner: str, wanted: UserPreferences) -> AlertPreferences:
        """Store preferences with an address that is not confirmed, and have it confirmed."""
        if self.mailer is None:
            raise RunError(_NO_SENDER)
        today = datetime.now(UTC).date().isoformat()
        sent = wanted.confirmations if wanted.confirmed_on == today else 0
        if sent >= MOST_CONFIRMATIONS:
            reason = f"{MOST_CONFIRMATIONS} links were sent today, which is the limit; try tomorrow"
            raise TryLaterError(reason, _DAY - int(time.time()) % _DAY)
        after = replace(wanted, confirmed_on=today, confirmations=sent + 1)
        self.store.set_preferences(owner, after)
        self.mailer.send(confirmation_mail(owner, after, self.mailer.links), after.preferences.email or "")
        return _shown(after)


_EMAIL_WORDS = {"none": "not set", "unconfirmed": "not confirmed", "unsubscribed": "unsubscribed"}


def _rule_id(owner: str, key: str) -> str:
    return "r" + hashlib.sha256(f"{owner}\n{key}".encode()).hexdigest()[:16]


def _shown(user: UserPreferences) -> AlertPreferences:
    return AlertPreferences(preferences=user.preferences, email_state=user.email_state)


def _summary(standing: Standing) -> AlertRuleSummary:
    rule, state = standing.rule, standing.state
    if state.done:
        status = "done"
    elif rule.has_expired(datetime.now(UTC)):
        status = "expired"
    else:
        status = "armed" if state.armed else "waiting"
    return AlertRuleSummary(
        rule_id=rule.rule_id,
        rule=rule.terms,
        created_at=int(rule.created_at.timestamp() * 1_000),
        status=status,  # type: ignore[arg-type]
        fired=state.fired,
        last_fired_at=int(state.fired_at.timestamp() * 1_000) if state.fired_at else None,
    )
