"""Rules and bars for tests of alerts."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from tickfold.alerts.evaluation import Firing, evaluate, initial_state
from tickfold.alerts.observation import Observation, SeenBar
from tickfold.alerts.rule import Rule, RuleState
from tickfold.market_data.feed.minute_bar import FeedBar, MinuteBar
from tickfold.protocol.alerts import AlertTerms, Preferences

OPEN = datetime(2026, 1, 30, 14, 30, tzinfo=UTC)


def rule(condition: dict[str, Any], preferences: dict[str, Any] | None = None, **terms: Any) -> Rule:
    """Return a rule of `ada`, as the wire has its terms and preferences."""
    return Rule(
        rule_id="r0123456789abcdef",
        owner="ada",
        terms=AlertTerms.model_validate({"condition": condition, **terms}),
        created_at=OPEN,
        preferences=Preferences.model_validate(preferences or {}),
    )


def price(**level: float) -> dict[str, Any]:
    """Return a condition on the price of GOOG."""
    return {"kind": "price", "symbol": "GOOG", **level}


def bar(
    number: int,
    close: float,
    *,
    high: float | None = None,
    low: float | None = None,
    opened: float | None = None,
    volume: float = 100.0,
    sma9: float | None = None,
    vwap: float | None = None,
    symbol: str = "GOOG",
    minute: int | None = None,
    start: datetime = OPEN,
) -> SeenBar:
    """Return bar `number` of a symbol, of the minute of that number unless another is given."""
    time = start + timedelta(minutes=number - 1 if minute is None else minute)
    prices = (opened or close, max(high or close, close), min(low or close, close), close)
    return SeenBar(symbol, FeedBar(number, MinuteBar(time, *prices, volume), sma9, vwap, "file"))


def closes(*values: float) -> list[SeenBar]:
    """Return bars with these closes, each all that was traded in its minute."""
    return [bar(number, value) for number, value in enumerate(values, 1)]


def fold(of: Rule, seen: Iterable[Observation], state: RuleState | None = None) -> tuple[RuleState, list[Firing]]:
    """Return the state and the alerts of one pass."""
    state, firings = state or initial_state(of), list[Firing]()
    for each in seen:
        state, firing = evaluate(of, state, each)
        firings += [firing] if firing else []
    return state, firings


def fired(of: Rule, seen: Iterable[Observation]) -> list[str]:
    """Return the occurrences that a rule alerts on."""
    return [firing.seen.occurrence for firing in fold(of, seen)[1]]
