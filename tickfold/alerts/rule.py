"""A rule of a user, how far it is, and the alert that it gives."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tickfold.alerts.measure import Measure, Memory, measure_of
from tickfold.protocol.alerts import AlertTerms, Condition, Preferences


@dataclass(frozen=True)
class Rule:
    """A rule: whose it is, what was asked for, and how its owner wants alerts. `secret` signs what webhooks get."""

    rule_id: str
    owner: str
    terms: AlertTerms
    created_at: datetime
    preferences: Preferences = field(default_factory=Preferences)
    secret: str = field(default="", repr=False)

    @property
    def measure(self) -> Measure[Condition]:
        """What it looks at."""
        return measure_of(self.terms.condition)

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that it watches."""
        return self.measure.sources(self.owner)

    @property
    def channels(self) -> list[str]:
        """By which its alerts go."""
        return [*(self.terms.channels or self.preferences.channels)]

    @property
    def cool_down(self) -> timedelta:
        """The least time between two alerts."""
        return timedelta(minutes=self.terms.cool_down_minutes)

    def has_expired(self, at: datetime) -> bool:
        """Return whether the rule counts no more at an instant."""
        expiry = self.terms.expires_at
        return expiry is not None and at > datetime.fromtimestamp(expiry / 1_000, UTC)


@dataclass(frozen=True)
class RuleState:
    """How far a rule is: what the fold over its observations carries.

    `armed` is whether it alerts when its level is reached; `done`, whether it never will again; `fired` counts its
    alerts, of which `fired_at` is the last one's time. `numbers` are, by source, those of the last observations that
    changed the state: any up to them has been seen, and any later one that was seen has changed nothing.
    """

    armed: bool
    done: bool = False
    fired: int = 0
    fired_at: datetime | None = None
    numbers: tuple[tuple[str, int], ...] = ()
    memory: Memory = ()

    def number_of(self, source: str) -> int:
        """Return the number of the last observation of a source that changed the state; 0 if none has."""
        return dict(self.numbers).get(source, 0)
