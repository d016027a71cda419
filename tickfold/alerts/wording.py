"""The words of an alert: a title of a few words, and a sentence or two with the numbers."""

from math import isfinite
from typing import assert_never

from tickfold.alerts.evaluation import Firing
from tickfold.alerts.observation import SeenBar, SeenRun, SeenSilence
from tickfold.protocol.alerts import (
    Alert,
    ChangeCondition,
    Condition,
    FeedSilentCondition,
    IndicatorCondition,
    Level,
    PriceCondition,
    RunEndedCondition,
    SpreadCondition,
    VolumeCondition,
    condition_symbols,
)
from tickfold.protocol.formats import Format, count, counted, money, percent

_INDICATORS = {"sma9": "SMA9", "vwap": "VWAP"}


def title_of(condition: Condition) -> str:
    """Return a condition in a few words, such as `GOOG above 180.00`."""
    match condition:
        case PriceCondition():
            return f"{condition.symbol} {_level(condition, money)}"
        case ChangeCondition(minutes=None):
            return f"{condition.symbol} change since the open {_level(condition, percent)}"
        case ChangeCondition():
            minutes = counted(condition.minutes or 0, "minute")
            return f"{condition.symbol} change over {minutes} {_level(condition, percent)}"
        case IndicatorCondition():
            return f"{condition.symbol} crossed {condition.crosses} {_INDICATORS[condition.indicator]}"
        case SpreadCondition():
            return f"{condition.symbol} − {condition.minus} {_level(condition, money)}"
        case VolumeCondition():
            return f"{condition.symbol} volume above {count(condition.above)}"
        case RunEndedCondition():
            return f"Run {condition.run_id} ended" if condition.run_id else "Run ended"
        case FeedSilentCondition():
            return f"Feed silent for {counted(condition.minutes, 'minute')}"
        case _:
            assert_never(condition)


def alert_of(firing: Firing) -> Alert:
    """Return the message of an alert."""
    condition = firing.rule.terms.condition
    value = firing.reading.last
    return Alert(
        alert_id=firing.alert_id,
        rule_id=firing.rule.rule_id,
        kind=condition.kind,
        title=title_of(condition),
        text=_with_note(_text_of(firing), firing.rule.terms.note),
        at=int(firing.seen.at.timestamp() * 1_000),
        value=value if isfinite(value) else None,
        symbol=next(iter(condition_symbols(condition)), None),
        quiet=firing.quiet,
    )


def _with_note(text: str, note: str) -> str:
    return f"{text} {note}" if note else text


def _text_of(firing: Firing) -> str:
    condition, seen, last = firing.rule.terms.condition, firing.seen, firing.reading.last
    match seen:
        case SeenBar():
            bar = seen.stored.bar
            prices = f"{seen.symbol} closed at {money(bar.close)}, between {money(bar.low)} and {money(bar.high)}"
            minute = f"in the minute to {seen.at:%Y-%m-%d %H:%M} UTC"
            match condition:
                case ChangeCondition():
                    return f"{prices}, {minute}: a change of {percent(last)}."
                case SpreadCondition():
                    return f"{condition.symbol} − {condition.minus} was {money(last)} {minute}."
                case VolumeCondition():
                    return f"{prices}, {minute}, with {count(bar.volume)} shares."
                case IndicatorCondition():
                    indicator = f"{_INDICATORS[condition.indicator]} {money(bar.close - last)}"
                    return f"{prices}, {minute}; {indicator}."
                case _:
                    return f"{prices}, {minute}."
        case SeenRun():
            return f"Run {seen.run_id} has {_ENDS.get(seen.status, f'ended: {seen.status}')}."
        case SeenSilence():
            return f"The feed has stored no bar for {counted(seen.minutes, 'session minute')}."
        case _:
            assert_never(seen)


_ENDS = {"succeeded": "succeeded", "failed": "failed", "cancelled": "been cancelled"}


def _level(level: Level, shown: Format) -> str:
    return f"above {shown(level.above)}" if level.above is not None else f"below {shown(level.below or 0.0)}"
