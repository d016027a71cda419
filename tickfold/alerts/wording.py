"""The words of an alert: a title of a few words, and a sentence or two with the numbers."""

from math import isfinite
from typing import assert_never

from tickfold.alerts.evaluation import Firing
from tickfold.alerts.measure import order_and_outcome
from tickfold.alerts.observation import SeenBar, SeenEvent, SeenRun, SeenSilence
from tickfold.portfolios.portfolio import drawdown, equity, held, name_in, profit, value_of
from tickfold.protocol.alerts import (
    Alert,
    BalanceCondition,
    BotsCondition,
    ChangeCondition,
    Condition,
    DrawdownCondition,
    FeedSilentCondition,
    HaltCondition,
    IndicatorCondition,
    Level,
    OrdersCondition,
    PositionCondition,
    PriceCondition,
    RunEndedCondition,
    SpreadCondition,
    VolumeCondition,
    condition_symbols,
)
from tickfold.protocol.formats import Format, count, counted, money, percent
from tickfold.protocol.journal import BotStep, Fill, Killed, LimitBreached
from tickfold.protocol.portfolio_orders import Order

MOST_REASON = 500
"""Characters of a reason that an alert repeats: that of a strategy which failed may be a page."""
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
        case BalanceCondition() | DrawdownCondition() | PositionCondition() | OrdersCondition():
            return _title_of_trading(condition)
        case HaltCondition():
            return f"{name_in(condition.portfolio)} {_HALTS[condition.kind]}"
        case BotsCondition():
            of = f"bot {condition.bot}" if condition.bot else "bot"
            return f"{name_in(condition.portfolio)} {of} {' or '.join(condition.outcomes)}"
        case RunEndedCondition():
            return f"Run {condition.run_id} ended" if condition.run_id else "Run ended"
        case FeedSilentCondition():
            return f"Feed silent for {counted(condition.minutes, 'minute')}"
        case _:
            assert_never(condition)


def _title_of_trading(
    condition: BalanceCondition | DrawdownCondition | PositionCondition | OrdersCondition,
) -> str:
    name = name_in(condition.portfolio)
    match condition:
        case BalanceCondition():
            return f"{name} {condition.kind} {_level(condition, _dollars)}"
        case DrawdownCondition():
            return f"{name} drawdown above {percent(condition.above)}"
        case PositionCondition():
            return f"{name} position in {condition.symbol} {_level(condition, _dollars)}"
        case OrdersCondition():
            of = f"order of {condition.symbol}" if condition.symbol else "order"
            return f"{name} {of} {' or '.join(_OUTCOMES[each] for each in condition.outcomes)}"


def alert_of(firing: Firing) -> Alert:
    """Return the message of an alert."""
    condition, seen = firing.rule.terms.condition, firing.seen
    value = firing.reading.last
    return Alert(
        alert_id=firing.alert_id,
        rule_id=firing.rule.rule_id,
        kind=condition.kind,
        title=_title_of_event(seen, condition) if isinstance(seen, SeenEvent) else title_of(condition),
        text=_with_note(_text_of(firing), firing.rule.terms.note),
        at=int(firing.seen.at.timestamp() * 1_000),
        value=value if isfinite(value) else None,
        symbol=next(iter(condition_symbols(condition)), None) or _symbol_of(firing),
        portfolio=seen.entry.portfolio if isinstance(seen, SeenEvent) else None,
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
        case SeenEvent():
            return _text_of_event(firing, seen)
        case SeenRun():
            return f"Run {seen.run_id} has {_ENDS.get(seen.status, f'ended: {seen.status}')}."
        case SeenSilence():
            return f"The feed has stored no bar for {counted(seen.minutes, 'session minute')}."
        case _:
            assert_never(seen)


# --- of portfolios ---------------------------------------------------------------------------------------------------


def _title_of_event(seen: SeenEvent, condition: Condition) -> str:
    """Return what has happened in a few words; of a level, what was asked for."""
    event, name = seen.event, name_in(seen.entry.portfolio)
    order, outcome = order_and_outcome(seen)
    if isinstance(condition, OrdersCondition) and order and outcome:
        return f"{name} order {order.order_id} {_OUTCOMES[outcome]}"
    if isinstance(condition, BotsCondition) and isinstance(event, BotStep):
        return f"{name} bot {event.bot} {event.what}"
    return title_of(condition)


def _symbol_of(firing: Firing) -> str | None:
    """Return the symbol that an event of a portfolio is about."""
    condition, seen = firing.rule.terms.condition, firing.seen
    match condition:
        case PositionCondition():
            return condition.symbol
        case OrdersCondition() if isinstance(seen, SeenEvent) and (order := order_and_outcome(seen)[0]):
            return order.terms.symbol
        case BotsCondition() if isinstance(seen, SeenEvent) and isinstance(seen.event, BotStep):
            return seen.event.symbol
        case _:
            return None


def _text_of_event(firing: Firing, seen: SeenEvent) -> str:
    condition, event, name = firing.rule.terms.condition, seen.event, name_in(seen.entry.portfolio)
    order, outcome = order_and_outcome(seen)
    match event:
        case Fill() if order:
            return _text_of_fill(event, order)
        case LimitBreached():
            return f"{name} is paused until you lift that: {_short(event.reason)}."
        case Killed():
            return f"All trading of {name} was stopped: {_short(event.reason)}."
        case BotStep() if isinstance(condition, BotsCondition):
            reason = f": {_short(event.reason)}" if event.reason else ""
            return f"Bot {event.bot} on {event.symbol} in {name} {_BOT_OUTCOMES[event.what]}{reason}."
        case _ if order and outcome:
            terms = f"{order.terms.side} {order.terms.quantity:,g} {order.terms.symbol}"
            reason = f": {_short(order.reason)}" if order.reason else ""
            return f"Order {order.order_id} to {terms} in {name} {_ENDINGS[outcome]}{reason}."
        case _:
            return _text_of_amounts(condition, seen)


def _text_of_fill(fill: Fill, order: Order) -> str:
    verb = "bought" if fill.side == "buy" else "sold"
    done = f"{fill.quantity:,g} {fill.symbol} at {_dollars(fill.price)}, commission {_dollars(fill.commission)}"
    profit_of = f", with a profit of {_dollars(fill.realised)}" if fill.realised else ""
    part = "" if order.status == "filled" else f" {order.filled:,g} of {order.terms.quantity:,g} have filled."
    return f"Order {order.order_id} {verb} {done}{profit_of}.{part}"


def _text_of_amounts(condition: Condition, seen: SeenEvent) -> str:
    portfolio, name, at = seen.after, name_in(seen.entry.portfolio), f"at {seen.at:%Y-%m-%d %H:%M} UTC"
    if isinstance(condition, PositionCondition):
        shares, value = held(portfolio, condition.symbol), value_of(portfolio, condition.symbol)
        return f"{name} held {shares:,g} {condition.symbol}, worth {_dollars(value)}, {at}."
    worth = f"{name} was worth {_dollars(equity(portfolio))}, {_dollars(portfolio.cash)} of it in cash, {at}"
    peak = f"{percent(drawdown(portfolio) or 0.0)} below its peak of {_dollars(portfolio.peak_equity)}"
    return f"{worth}: a profit of {_dollars(profit(portfolio))}, and {peak}."


def _dollars(value: float) -> str:
    text = money(value)
    return f"-${text[1:]}" if text.startswith("-") else f"${text}"


def _short(reason: str) -> str:
    """Return a reason as the end of a sentence."""
    text = " ".join(reason.split()).rstrip(".")
    return text if len(text) <= MOST_REASON else f"{text[:MOST_REASON]}…"


_HALTS = {"limit_breached": "limit breached", "killed": "trading stopped"}
_OUTCOMES = {
    "filled": "filled",
    "partly_filled": "partly filled",
    "rejected": "rejected",
    "expired": "expired",
    "cancelled": "cancelled",
}
_ENDINGS = {"rejected": "was rejected", "expired": "has expired with its session", "cancelled": "was cancelled"}
_BOT_OUTCOMES = {"paused": "is paused", "stopped": "has stopped"}
_ENDS = {"succeeded": "succeeded", "failed": "failed", "cancelled": "been cancelled"}


def _level(level: Level, shown: Format) -> str:
    return f"above {shown(level.above)}" if level.above is not None else f"below {shown(level.below or 0.0)}"
