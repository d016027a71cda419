"""The reference: a slow simulator of docs/explanation/orders.md, bar by bar, with none of the engine's code."""

from collections import namedtuple
from math import floor, inf, log, sqrt
from types import SimpleNamespace

from tests.engine.order_terms import OrderTerms
from tickfold.engine.accounting.account import Account
from tickfold.engine.bars import Bars

SIDES = {1: 1, -1: -1, 2: 0}  # by signal; HOLD, which is 0, has none
YEAR = 365.25 * 86_400_000_000
Closed = namedtuple("Closed", "side quantity entry_bar entry_price exit_bar exit_price exit_reason")


class Reference:
    def __init__(self, bars: Bars, signals: list[int], account: Account, terms: OrderTerms) -> None:
        self.open, self.high, self.low, self.close = (x.tolist() for x in (bars.open, bars.high, bars.low, bars.close))
        self.time, self.signals, self.account, self.terms = bars.timestamp.tolist(), signals, account, terms
        self.cash, self.last = account.capital, len(bars) - 1
        self.held: SimpleNamespace | None = None
        self.waiting: list[str | int] = []  # market orders: the reason to leave, or the side to enter
        self.pending: tuple[int, int] | None = None  # the limit order's side, and the bar that decided it
        self.trades: list[Closed] = []
        self.equity: list[float] = []

    def run(self) -> "Reference":
        ruined, at_close = False, self.terms.fill == "close"
        for bar in range(self.last + 1):
            end = bar == self.last and self.account.close_at_end
            if not ruined:
                self.carry_out(bar, bar - 1, self.open[bar])
                if end and not at_close:
                    self.leave(bar, self.open[bar], "end")
                    self.pending = None
                self.inside(bar)
                if bar < self.last:
                    self.decide(bar)
                elif end and at_close:
                    self.leave(bar, self.close[bar], "end")
            self.equity.append(self.worth(bar))
            if self.equity[-1] <= 0 and not ruined:
                ruined = True
                self.leave(bar, self.close[bar], "ruin")
                self.equity[-1] = self.cash
        return self

    def worth(self, bar: int) -> float:
        return self.cash + (self.held.side * self.held.quantity * self.close[bar] if self.held else 0)

    def carry_out(self, bar: int, decided: int, price: float) -> None:
        for what in self.waiting:
            if isinstance(what, str):
                self.leave(bar, price, what)
            else:
                self.enter(what, bar, price, decided, since=decided)
        self.waiting = []

    def inside(self, bar: int) -> None:
        if self.pending and self.terms.limit is not None:
            side, decided = self.pending
            limit = self.close[decided] * (1 - side * self.terms.limit)
            if side * (self.low if side > 0 else self.high)[bar] <= side * limit:
                better = side * self.open[bar] <= side * limit
                self.pending = None
                self.enter(side, bar, self.open[bar] if better else limit, decided, since=bar - 1, inside=not better)
        held, terms, open_ = self.held, self.terms, self.open[bar]
        if not held or (terms.fill == "close" and held.bar == bar and held.since == bar):
            return
        side, part, nearer = held.side, held.inside and held.bar == bar, (max if held.side > 0 else min)
        stop, target, reason = -side * inf, side * inf, "stop_loss"
        worst, best = (self.low[bar], self.high[bar]) if side > 0 else (self.high[bar], self.low[bar])
        if terms.take_profit is not None:
            target = held.market * (1 + side * terms.take_profit)
        if terms.stop_loss is not None:
            stop = held.market * (1 - side * terms.stop_loss)
        if terms.trailing_stop is not None:
            trail = held.best * (1 - side * terms.trailing_stop)
            stop, reason = nearer(trail, stop), "stop_loss" if nearer(trail, stop) == stop else "trailing_stop"
        if not part and side * open_ >= side * target:
            self.leave(bar, open_, "take_profit")
        elif side * worst <= side * stop:
            self.leave(bar, open_ if not part and side * open_ <= side * stop else stop, reason)
        elif not part and side * best >= side * target:
            self.leave(bar, target, "take_profit")
        elif not part:
            held.best = nearer(held.best, best)

    def decide(self, bar: int) -> None:
        target, held, terms = SIDES.get(self.signals[bar]), self.held, self.terms
        if target and {"long": -1, "short": 1}.get(terms.direction) == target:
            target = 0
        if self.pending and (
            target not in (None, self.pending[0])
            or (terms.limit_bars is not None and bar - self.pending[1] >= terms.limit_bars)
        ):
            self.pending = None
        if held and target not in (None, held.side):
            self.waiting.append("signal")
        elif held and terms.max_bars is not None and bar - held.since >= terms.max_bars:
            self.waiting.append("max_bars")
        if target and not self.pending and (not held or self.waiting == ["signal"]):
            if terms.limit is None:
                self.waiting.append(target)
            else:
                self.pending = (target, bar)
        if terms.fill == "close":
            self.carry_out(bar, bar, self.close[bar])

    def enter(self, side: int, bar: int, price: float, decided: int, *, since: int, inside: bool = False) -> None:
        paid, fees = price, self.account.commission
        sizing, fractional = self.account.sizing, self.account.fractional_shares
        if self.terms.limit is None:
            paid = price * (1 + side * self.account.spread) * (1 + side * self.account.slippage)
        budget = min(self.cash * self.fraction(decided), sizing.value if sizing.kind == "cash" else inf)
        each = paid * (1 + fees.relative) + fees.per_share
        ways = ((budget - fees.fixed, each), (budget - fees.minimum, paid))
        quantity = min(money / cost if fractional else money // cost for money, cost in ways)
        if sizing.kind == "shares":
            quantity = min(quantity, sizing.value if fractional else floor(sizing.value))
        if quantity > 0:
            self.cash -= side * quantity * paid + self.fee(quantity, paid)
            self.held = SimpleNamespace(side=side, quantity=quantity, market=price, paid=paid, bar=bar, since=since)
            self.held.best, self.held.inside = price, inside

    def leave(self, bar: int, price: float, reason: str) -> None:
        held, self.held = self.held, None
        if held:
            received = price if reason == "take_profit" else price * (1 - held.side * self.account.slippage)
            self.cash += held.side * held.quantity * received - self.fee(held.quantity, received)
            self.trades.append(Closed(held.side, held.quantity, held.bar, held.paid, bar, received, reason))

    def fee(self, quantity: float, price: float) -> float:
        fees = self.account.commission
        return max(fees.fixed + fees.per_share * quantity + fees.relative * (quantity * price), fees.minimum)

    def fraction(self, decided: int) -> float:
        sizing = self.account.sizing
        if sizing.kind != "volatility":
            return sizing.value if sizing.kind == "fraction" else 1
        first = max(decided - sizing.bars, 0)
        squares = sum(log(self.close[k] / self.close[k - 1]) ** 2 for k in range(decided, first, -1))
        years = (self.time[decided] - self.time[first]) / YEAR
        return min(sizing.value / sqrt(squares / years), 1.0) if squares else float(years > 0)
