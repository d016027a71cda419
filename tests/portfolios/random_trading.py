"""Random trading: bars of a market, and commands of a careless person between them, many of which are refused."""

from contextlib import suppress
from typing import Any

from hypothesis import strategies as st

from tests.portfolios.trading import Trading
from tickfold.errors import RunError
from tickfold.portfolios import placing
from tickfold.protocol.journal import Allocated, AllocationReturned, RiskLimits

PRICES = st.integers(80, 120).map(float)
FRACTIONS = st.sampled_from([0.01, 0.05, 0.25])


@st.composite
def accounts(draw: st.DrawFn) -> dict[str, Any]:
    costs = {"spread": draw(st.sampled_from([0.0, 0.001])), "slippage": draw(st.sampled_from([0.0, 0.002]))}
    commission = draw(st.sampled_from([0.0, {"relative": 0.001, "minimum": 1.0}, {"fixed": 1.0, "perShare": 0.01}]))
    share = draw(st.sampled_from([None, 0.1]))
    limits = draw(st.sampled_from([{}, {"drawdown": 0.05}, {"daily_loss": 0.02, "position": 4_000.0}]))
    return {
        "terms": {**costs, "commission": commission, "participation": share},
        "limits": RiskLimits.model_validate(limits),
    }


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["market", "limit", "stop", "stop_limit", "trailing_stop"]))
    names = {"market": (), "limit": ("limit",), "stop": ("stop",), "stop_limit": ("stop", "limit")}.get(kind, ())
    prices: dict[str, Any] = {name: draw(PRICES) for name in names}
    if kind == "trailing_stop":
        prices["trail"] = draw(FRACTIONS)
    if draw(st.booleans()):
        exits = {"stop_loss": draw(st.none() | PRICES), "take_profit": draw(st.none() | PRICES)}
        if exits["stop_loss"] is None:
            exits["stop_loss_trail"] = draw(st.none() | FRACTIONS)
        prices |= exits
    return {
        "kind": kind,
        "side": draw(st.sampled_from(["buy", "sell"])),
        "quantity": float(draw(st.integers(1, 60))),
        "time_in_force": draw(st.sampled_from(["day", "gtc", "ioc"])),
        "reduce_only": draw(st.sampled_from([False, False, True])),
        **prices,
    }


@st.composite
def bars(draw: st.DrawFn) -> tuple[float, float, float, float, float]:
    open_, close = draw(PRICES), draw(PRICES)
    high, low = max(open_, close) + draw(st.integers(0, 8)), min(open_, close) - draw(st.integers(0, 8))
    return open_, high, low, close, float(draw(st.integers(0, 400)))


COMMANDS = st.one_of(
    st.tuples(st.just("bar"), bars()),
    st.tuples(st.just("bar"), bars()),
    st.tuples(st.just("place"), orders()),
    st.tuples(st.just("cancel"), st.integers(0, 9)),
    st.tuples(st.just("change"), st.tuples(st.integers(0, 9), st.integers(1, 60))),
    st.tuples(st.just("other"), st.sampled_from(["deposit", "withdraw", "close", "flatten", "kill", "lift", "bot"])),
)


def traded(account: dict[str, Any], commands: list[tuple[str, Any]]) -> Trading:
    """Return what is left of a session; what is refused changes nothing."""
    trading = Trading(**account)
    for number, (kind, argument) in enumerate(commands):
        before = trading.portfolio
        try:
            _carry_out(trading, number, kind, argument)
        except (RunError, ValueError):
            assert trading.portfolio == before
    return trading


def _carry_out(trading: Trading, number: int, kind: str, argument: Any) -> None:
    portfolio, moment = trading.portfolio, trading.moment
    chosen = sorted(portfolio.orders)
    match kind:
        case "bar":
            trading.bar(*argument)
        case "place":
            trading.place(f"o{number}", **argument)
        case "cancel" if chosen:
            trading.cancel(chosen[argument % len(chosen)])
        case "change" if chosen:
            trading.change(chosen[argument[0] % len(chosen)], quantity=float(argument[1]))
        case "other":
            _other(trading, argument, dict.fromkeys(portfolio.positions, moment))


def _other(trading: Trading, what: str, moments: dict[str, placing.Moment]) -> None:
    portfolio = trading.portfolio
    match what:
        case "deposit":
            trading.write(placing.deposited(100.1))
        case "withdraw":
            trading.write(placing.withdrawn(portfolio, 33.3))
        case "close":
            order_id = f"c{portfolio.revision}"
            trading.write(placing.closed(portfolio, "GOOG", order_id, trading.moment))
        case "flatten":
            trading.write(placing.flattened(portfolio, moments))
        case "kill":
            trading.write(placing.killed(portfolio, "by hand", None))
        case "lift":
            trading.write(placing.lifted(portfolio))
        case "bot" if portfolio.bots:
            trading.write([AllocationReturned(bot="b", amount=portfolio.bots["b"].equity)])
        case "bot":
            with suppress(RunError):
                trading.write([Allocated(bot="b", symbol="IBM", amount=0.1)])


SESSIONS = st.builds(traded, accounts(), st.lists(COMMANDS, min_size=4, max_size=40))
