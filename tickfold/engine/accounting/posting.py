"""Posting: how many shares each position gets. It depends on the cash that the position before it left."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tickfold.engine.accounting.account import Account, Commission
from tickfold.engine.accounting.sizing import Bounds
from tickfold.engine.bars import Floats

Affordable = Callable[[float, float, float, float], float]
"""How many shares an order gets, given the cash, price and cost of each, and the fraction."""
Posted = tuple[Floats, float]
"""The quantities of the positions before the first that is refused, and the cash after them."""

_FEWEST_AT_ONCE = 256
"""Fewer positions are posted sooner one after the other."""
_GUESSES = 8
"""Guesses settle in four or five, where a share gains a thousandth of its price; where it gains more, some never do."""


@dataclass(frozen=True, eq=False)
class Terms:
    """What positions are sized and paid by, as parallel arrays.

    The price `paid` and the price `got` (0: not yet) and the commission's `rate`, all three negative for a short; what
    `each` share costs, commission included; the `fraction` of the cash that may be used.
    """

    paid: Floats
    got: Floats
    rate: Floats
    each: Floats
    fraction: Floats

    def __len__(self) -> int:
        return len(self.paid)

    def __getitem__(self, part: slice) -> "Terms":
        return Terms(self.paid[part], self.got[part], self.rate[part], self.each[part], self.fraction[part])

    def __iter__(self) -> Iterator[tuple[float, float, float, float, float]]:
        paid, got, rate = self.paid.tolist(), self.got.tolist(), self.rate.tolist()
        return zip(paid, got, rate, self.each.tolist(), self.fraction.tolist(), strict=True)


def affordable(account: Account, most: Bounds) -> Affordable:
    """Return what sizes the orders of `account`, none larger than `most`."""
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
    """Post positions one after the other, until one is refused."""
    quantities = []
    for paid, got, rate, each, fraction in terms:
        quantity = affordable(cash, abs(paid), each, fraction)
        if quantity <= 0:
            break
        quantities.append(quantity)
        for price in (-paid, got):
            if price:
                value = quantity * price
                fee = commission.fixed + quantity * commission.per_share + abs(rate * value)
                cash += value - max(fee, commission.minimum)
    return np.array(quantities), cash


def post_plain(terms: Terms, cash: float, whole: bool) -> Posted:
    """The same where nothing but a fraction bounds an order and costs it: most runs, and several times as fast."""
    quantities = []
    for paid, got, rate, each, fraction in terms:
        quantity = cash * fraction // each if whole else cash * fraction / each
        if quantity <= 0:
            break
        quantities.append(quantity)
        value = quantity * paid
        cash -= value + rate * value if rate else value
        value = quantity * got
        cash += value - rate * value if rate else value
    return np.array(quantities), cash


def post_whole(terms: Terms, cash: float) -> Posted:
    """The same for whole shares, to the last bit, and faster yet: guess all quantities, then see which are right.

    Cash is added up in the loop's order with the loop's operations. The first position's cash is known, and as long as
    quantities are what the cash before them buys, so is the next one's. What is not guessed right is left to the loop.
    """
    if len(terms) < _FEWEST_AT_ONCE:
        return post_plain(terms, cash, whole=True)
    with np.errstate(all="ignore"):  # a wrong guess may lose more than any float can hold
        quantity = _guess(terms, cash)
        before, after = _cash_path(terms, quantity, cash)
        right = quantity == before * terms.fraction // terms.each
    known = _leading(right)
    paid_for = _leading(quantity[:known] > 0)
    if paid_for:
        cash = float(after[paid_for - 1])
    if paid_for < known or known == len(terms):
        return quantity[:paid_for], cash
    rest, cash = post_plain(terms[known:], cash, whole=True)
    return np.append(quantity[:known], rest), cash


def _guess(terms: Terms, cash: float) -> Floats:
    """Return quantities that each are about what the cash buys that those before them leave.

    A guess settles one position more than the guess before, and most often all but a few: a share's gain is small
    beside its price, so a quantity that is one off seldom changes another.
    """
    gain = (terms.got - terms.rate * terms.got) - (terms.paid + terms.rate * terms.paid)
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
    """Return the cash before each position, and after it."""
    flows = np.empty(2 * len(terms) + 1)
    flows[0] = cash
    value = quantity * terms.paid
    flows[1::2] = -(value + terms.rate * value)
    value = quantity * terms.got
    flows[2::2] = value - terms.rate * value
    path = np.add.accumulate(flows)  # one after the other, as the loop does, where a sum goes by pairs
    return path[:-1:2], path[2::2]


def _leading(flags: npt.NDArray[np.bool_]) -> int:
    """Return how many of `flags` are true before the first that is not."""
    return len(flags) if flags.all() else int(flags.argmin())
