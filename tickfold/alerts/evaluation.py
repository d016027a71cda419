"""Evaluation: a rule as a fold over what it watches.

Observations may come in batches of any size, and again: a repeated one changes nothing and alerts nobody, as one pass
over them would have it. There is no clock in it: cool-down, expiry, days and quiet hours go by the time of the bar.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import quote

from tickfold.alerts.observation import Observation
from tickfold.alerts.quiet_hours import day_of, is_quiet
from tickfold.alerts.rule import Rule, RuleState
from tickfold.alerts.threshold import Reading

_AS_IT_IS: Final = "^=/&+:!@"
"""What symbols have beside letters."""


@dataclass(frozen=True)
class Firing:
    """That a rule alerts: on which observation, with which reading, and whether in its owner's quiet hours."""

    rule: Rule
    seen: Observation
    reading: Reading
    quiet: bool

    @property
    def alert_id(self) -> str:
        """The same for the same observation, however often it is evaluated; ASCII, as headers have it."""
        return f"{self.rule.rule_id}-{quote(self.seen.occurrence, safe=_AS_IT_IS)}"


def initial_state(rule: Rule, numbers: tuple[tuple[str, int], ...] = ()) -> RuleState:
    """Return the state of a new rule, which is to ignore what has been seen up to `numbers` of its sources."""
    return RuleState(armed=rule.measure.starts_armed, numbers=numbers)


def evaluate(rule: Rule, state: RuleState, seen: Observation) -> tuple[RuleState, Firing | None]:
    """Return the state after an observation, and whether the rule alerts.

    Only a change is told by the state: one that is equal need not be stored.
    """
    is_watched = seen.source in rule.sources
    if state.done or not is_watched or rule.has_expired(seen.at) or _was_seen(state, seen):
        return state, None
    memory, reading = rule.measure.read(state.memory, seen)
    after = replace(state, memory=memory)
    firing = None
    if reading is not None:
        threshold = rule.measure.threshold
        if state.armed and threshold.is_reached(reading) and not _is_held_off(rule, state, seen.at):
            firing = Firing(rule, seen, reading, is_quiet(rule.preferences, seen.at))
            after = _fired(rule, after, seen.at)
        after = replace(after, armed=after.armed or threshold.rearms(reading))
    return (state if after == state else _numbered(after, seen)), firing


def _was_seen(state: RuleState, seen: Observation) -> bool:
    return seen.number is not None and seen.number <= state.number_of(seen.source)


def _is_held_off(rule: Rule, state: RuleState, at: datetime) -> bool:
    """Return whether the last alert is too recent for another. The rule stays armed: it alerts afterwards, if its
    level is reached then."""
    if state.fired_at is None:
        return False
    today = rule.terms.frequency == "daily" and day_of(rule.preferences, state.fired_at) == day_of(rule.preferences, at)
    return today or at < state.fired_at + rule.cool_down


def _fired(rule: Rule, state: RuleState, at: datetime) -> RuleState:
    is_once = rule.terms.frequency == "once"
    return replace(state, armed=False, done=is_once, fired=state.fired + 1, fired_at=at)


def _numbered(state: RuleState, seen: Observation) -> RuleState:
    if seen.number is None:
        return state
    numbers = dict(state.numbers) | {seen.source: seen.number}
    return replace(state, numbers=tuple(sorted(numbers.items())))
