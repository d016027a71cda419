"""The live curve: the same points whatever the blocks, in pieces that are complete as early as they can be."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tickfold.backtests.live_curve import CURVE_POINTS, POINTS_A_PIECE, LiveCurve
from tickfold.protocol import Partial


def published(bars: int, cuts: list[int]) -> list[Partial]:
    timestamp, equity = np.arange(bars) * 60_000_000, np.arange(bars, dtype=np.float64)
    curve = LiveCurve(bars)
    edges = [0, *sorted(cuts), bars]
    blocks = (slice(first, stop) for first, stop in pairwise(edges))
    return [piece for block in blocks for piece in curve.add(timestamp[block], equity[block], equity[block] + 0.5)]


@given(
    st.integers(1, 3 * CURVE_POINTS).flatmap(
        lambda bars: st.tuples(st.just(bars), st.lists(st.integers(0, bars), max_size=8))
    )
)
def test_points_are_every_nth_bar_and_the_last_whatever_the_blocks(run: tuple[int, list[int]]) -> None:
    bars, cuts = run
    pieces = published(bars, cuts)
    step = -(-bars // CURVE_POINTS)
    at = sorted({*range(0, bars, step), bars - 1})
    assert [point for piece in pieces for point in piece.equity] == [(60_000 * bar, float(bar)) for bar in at]
    assert [value for piece in pieces for value in piece.buy_and_hold] == [bar + 0.5 for bar in at]
    assert [piece.piece for piece in pieces] == list(range(1, len(pieces) + 1))
    assert {piece.pieces for piece in pieces} == {len(pieces)}
    assert {len(piece.equity) for piece in pieces[:-1]} <= {POINTS_A_PIECE}


def test_piece_is_published_with_its_last_bar() -> None:
    timestamp, equity, curve = np.arange(1_000), np.ones(1_000), LiveCurve(1_000)
    some, one = slice(POINTS_A_PIECE - 1), slice(POINTS_A_PIECE - 1, POINTS_A_PIECE)
    assert list(curve.add(timestamp[some], equity[some], equity[some])) == []
    assert len(list(curve.add(timestamp[one], equity[one], equity[one]))) == 1


def test_undefined_benchmark_is_null() -> None:
    (piece,) = LiveCurve(2).add(np.array([0, 1]), np.array([1.0, 2.0]), np.array([np.nan, 3.0]))
    assert piece.buy_and_hold == [None, 3.0]
