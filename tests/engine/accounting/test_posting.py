"""Posting: quantities that are guessed and verified are those that a loop would post, to the last bit."""

from typing import NoReturn

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from tests.engine.order_terms import OrderTerms
from tests.engine.random_runs import PROPERTY, Case, assert_as_reference, assert_same
from tickfold.engine.accounting.account import Account, Commission
from tickfold.engine.accounting.posting import Posted, Terms, affordable, post, post_plain, post_whole
from tickfold.engine.accounting.sizing import Limits
from tickfold.engine.arrays import Rows
from tickfold.engine.bars import Bars
from tickfold.engine.calendar import MICROSECONDS_PER_DAY
from tickfold.engine.decisions.chunk import Chunk
from tickfold.strategies import BUILT_IN


def terms(seed: int, count: int, gain: float, relative: float, each_its_fraction: bool) -> Terms:
    """Positions of either side, of which shares gain a fraction of about `gain`; the last is open."""
    rng = np.random.default_rng(seed)
    side = rng.choice(np.array([1, -1], dtype=np.int8), count)
    paid = np.round(100 * np.exp(np.cumsum(rng.normal(0, gain, count))), 2) + 0.01
    received = np.maximum(np.round(paid * (1 + rng.normal(0, gain, count)), 2), 0.01)
    received[-1:] = 0
    fraction = rng.random(count) if each_its_fraction else np.full(count, 1.0)
    return Terms(side * paid, side * received, side * np.float64(relative), paid * (1 + relative), fraction)


def one_by_one(terms: Terms, cash: float) -> Posted:
    relative = Commission(float(np.abs(terms.rate).max(initial=0)))
    return post(terms, cash, affordable(Account(cash, relative), Limits()), relative)


def assert_equal(one: Posted, other: Posted) -> None:
    for ours, theirs in zip(one, other, strict=True):
        assert_array_equal(ours, theirs)  # to the last bit, but any NaN is as good as another


random_terms = st.builds(
    terms,
    seed=st.integers(0, 10_000),
    count=st.integers(0, 1_500),
    gain=st.sampled_from([0.0, 0.0005, 0.005, 0.05, 0.5]),
    relative=st.sampled_from([0.0, 0.00001, 0.01]),
    each_its_fraction=st.booleans(),
)
ODD_CASH = [99.0, 5_000.0, 1e9, 1e17, 1e300, 1e308, -1.0, np.inf, np.nan]


@PROPERTY
@given(random_terms, st.one_of(st.floats(0, 1e6), st.sampled_from(ODD_CASH)))
@np.errstate(all="ignore")
def test_post_whole_equals_posting_one_by_one(positions: Terms, cash: float) -> None:
    at_once = post_whole(positions, cash)
    assert_equal(at_once, post_plain(positions, cash, whole=True))
    assert_equal(at_once, one_by_one(positions, cash))


class NeverInTurn(Terms):
    """Positions that no loop may go through."""

    def __getitem__(self, rows: Rows) -> NoReturn:
        raise AssertionError("left to the loop")

    def __iter__(self) -> NoReturn:
        raise AssertionError("left to the loop")


@pytest.mark.parametrize("cash", [5_000.0, 1e6, 1e9])
def test_post_whole_small_gains_need_no_loop(cash: float) -> None:
    positions = terms(7, 1_024, 0.0005, 0.00001, False)
    assert_equal(post_whole(NeverInTurn(**vars(positions)), cash), post_plain(positions, cash, whole=True))


def test_post_whole_stops_at_first_rejection() -> None:
    """2 shares at 100, each of which loses 30, leave 140, then 1 share leaves 110, 80: too little."""
    full = np.full(300, 100.0)
    positions = Terms(full, np.full(300, 70.0), np.zeros(300), full, np.ones(300))
    quantity, cash = post_whole(positions, 200.0)
    assert (quantity.tolist(), cash) == ([2, 1, 1], 80)


@pytest.mark.parametrize("stop_loss", [None, 0.002])
@pytest.mark.parametrize("fractional_shares", [False, True])
@pytest.mark.parametrize(
    ("capital", "relative"), [(1e6, 0.0), (1e6, 0.0001), (12_345.67, 0.0), (150.0, 0.0), (1e4, 0.003), (1e12, 0.0)]
)
def test_thousands_of_positions_equal_the_reference(
    capital: float, relative: float, fractional_shares: bool, stop_loss: float | None
) -> None:
    rng = np.random.default_rng(3)
    close = 10_000 + np.cumsum(rng.integers(-9, 10, 8_000))
    open_ = close + rng.integers(-4, 5, len(close))
    high, low = np.maximum(open_, close) + 2, np.minimum(open_, close) - 2
    hours, volume = np.arange(len(close)) * (MICROSECONDS_PER_DAY // 24), np.ones(len(close))
    bars = Bars(hours, open_ / 100, high / 100, low / 100, close / 100, volume, decimals=2)
    account = Account(capital, Commission(relative), fractional_shares=fractional_shares)
    chunks = [Chunk(at, at + 1_000) for at in range(0, len(bars), 1_000)]
    case = Case(
        bars, BUILT_IN.create("sma_cross", {"fast": 2, "slow": 4}), account, OrderTerms(stop_loss=stop_loss), chunks
    )
    whole = case.whole()
    assert_as_reference(whole.statement, case)
    assert_same(whole, case.folded().outcome)
