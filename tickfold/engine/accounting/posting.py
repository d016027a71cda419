"""Posting: how many shares each position gets, which depends on the cash that the one before it left."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tickfold.engine.accounting.account import Account, Commission
from tickfold.engine.accounting.sizing import Limits
from tickfold.engine.arrays import ArrayRecord, Flags, Floats

Affordable = Callable[[float, float, float, float], float]
"""Maps cash, price per share, cost per share and fraction of the cash to the number of shares of an order."""
Posted = tuple[Floats, float]
"""The quantities of the positions before the first rejected one, and the cash after them."""

_FEWEST_AT_ONCE = 256
"""Fewer positions are posted faster one by one."""
_GUESSES = 8
"""Where a share gains a thousandth of its price, guesses settle in four or five rounds; with more, some never do."""


@dataclass(frozen=True, eq=False)
class Terms(ArrayRecord):
    """The prices and costs by which positions are sized and paid.

    Attributes:
        paid: entry price in dollars per share, negative for shorts.
        received: exit price in dollars per share, negative for shorts; 0 for an exit to come.
        rate: relative commission, negative for shorts.
        each: cost of a share at entry in dollars, commission included.
        fraction: fraction of the cash that may be spent.
    """

    paid: Floats
    received: Floats
    rate: Floats
    each: Floats
    fraction: Floats

    def __iter__(self) -> Iterator[tuple[float, float, float, float, float]]:
        paid, received, rate = self.paid.tolist(), self.received.tolist(), self.rate.tolist()
        return zip(paid, received, rate, self.each.tolist(), self.fraction.tolist(), strict=True)


def affordable(account: Account, most: Limits) -> Affordable:
    """Return the sizing of `account`'s orders, none of them larger than `most`."""
    fixed, minimum, whole = account.commission.fixed, account.commission.minimum, not account.fractional_shares
    most_cash, most_shares = most.cash, most.shares // 1 if whole else most.shares

    def buy(cash: float, price: float, each: float, fraction: float) -> float:
        budget = min(cash * fraction, most_cash)
        quantity = (budget - fixed) // each if whole else (budget - fixed) / each
        if minimum:
            quantity = min(quantity, (budget - minimum) // price if whole else (budget - minimum) / price)
        return min(quantity, most_shares)

    return buy


def post(terms: Terms, cash: float, affordable: Affordable, commission: Commission) -> Posted:
    """Post positions one by one until one is rejected."""
    quantities = []
    for paid, received, rate, each, fraction in terms:
        quantity = affordable(cash, abs(paid), each, fraction)
        if quantity <= 0:
            break
        quantities.append(quantity)
        for price in (-paid, received):
            if price:
                value = quantity * price
                fee = commission.fixed + quantity * commission.per_share + abs(rate * value)
                cash += value - max(fee, commission.minimum)
    return np.array(quantities), cash


def post_plain(terms: Terms, cash: float, whole: bool) -> Posted:
    """Fast path of `post`: fractional sizing, percentage commission."""
    quantities = []
    for paid, received, rate, each, fraction in terms:
        quantity = cash * fraction // each if whole else cash * fraction / each
        if quantity <= 0:
            break
        quantities.append(quantity)
        value = quantity * paid
        cash -= value + rate * value if rate else value
        value = quantity * received
        cash += value - rate * value if rate else value
    return np.array(quantities), cash


def post_whole(terms: Terms, cash: float) -> Posted:
    """Fast path of `post_plain` for whole shares, bit for bit: guess all quantities at once, then verify them.

    Cash is summed in the loop's order with the loop's operations. The cash before the first position is known, and as
    long as a quantity is what the cash before it buys, so is the cash before the next. The loop does the rest.
    """
    if len(terms) < _FEWEST_AT_ONCE:
        return post_plain(terms, cash, whole=True)
    with np.errstate(all="ignore"):  # a wrong guess may overflow
        quantity = _guess(terms, cash)
        before, after = _cash_path(terms, quantity, cash)
        right = quantity == before * terms.fraction // terms.each
    verified = _leading(right)
    paid_for = _leading(quantity[:verified] > 0)
    if paid_for:
        cash = float(after[paid_for - 1])
    if paid_for < verified or verified == len(terms):
        return quantity[:paid_for], cash
    rest, cash = post_plain(terms[verified:], cash, whole=True)
    return np.append(quantity[:verified], rest), cash


def _guess(terms: Terms, cash: float) -> Floats:
    """Return about the quantities that the cash left by the positions before them buys, by fixed-point iteration.

    Each round settles at least one more position, and usually all but a few: a share's gain is small beside its price,
    so a quantity that is off by one seldom changes another.
    """
    gain = (terms.received - terms.rate * terms.received) - (terms.paid + terms.rate * terms.paid)
    share = terms.fraction / terms.each
    path = np.full(len(terms), cash)
    quantity = np.floor(path * share)
    for _ in range(_GUESSES):
        np.multiply(quantity[:-1], gain[:-1], out=path[1:])
        path[0] = cash
        guess = np.floor(np.add.accumulate(path, out=path) * share)
        if np.array_equal(guess, quantity):
            break
        quantity = guess
    return quantity


def _cash_path(terms: Terms, quantity: Floats, cash: float) -> tuple[Floats, Floats]:
    """Return the cash before each position and after it."""
    flows = np.empty(2 * len(terms) + 1)
    flows[0] = cash
    value = quantity * terms.paid
    flows[1::2] = -(value + terms.rate * value)
    value = quantity * terms.received
    flows[2::2] = value - terms.rate * value
    path = np.add.accumulate(flows)  # in sequence, as the loop adds; np.sum adds pairwise
    return path[:-1:2], path[2::2]


def _leading(flags: Flags) -> int:
    """Return the number of true `flags` before the first false one."""
    return len(flags) if flags.all() else int(flags.argmin())
