"""Thinning: what a chart of fewer points must not lose."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfold.backtests.thinning import kept
from tickfold.engine.arrays import Floats
from tickfold.market_data.aligned_spans import AlignedSpans


def curve(length: int, seed: int) -> Floats:
    """Return a curve with many equal values, of which the first counts."""
    return np.random.default_rng(seed).integers(0, 20, length).astype(np.float64)


CURVES = st.builds(curve, st.integers(1, 400), st.integers(0, 1_000_000))


@given(CURVES, st.integers(4, 60), st.integers(0, 1_000))
def test_thinned_curve_keeps_ends_and_extremes_in_few_points(values: Floats, most: int, start: int) -> None:
    at = kept(values, most, start)
    assert len(at) <= most
    assert (np.diff(at) > 0).all()
    assert (at[0], at[-1]) == (0, len(values) - 1)
    assert {values.min(), values.max()} <= set(values[at])
    if len(values) <= most:
        assert len(at) == len(values)
        return
    spans = AlignedSpans.covering(start, start + len(values), most // 2 - 1)
    for first, after in zip(spans.edges, [*spans.edges[1:], len(values)], strict=True):
        span, chosen = values[first:after], values[at[(at >= first) & (at < after)]]
        assert (chosen.min(), chosen.max()) == (span.min(), span.max())


@given(CURVES, st.integers(8, 60), st.integers(0, 1_000), st.data())
def test_points_inside_stay_when_the_window_moves(values: Floats, most: int, start: int, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(values) - 1))
    whole, moved = kept(values, most, start), kept(values[cut:], most, start + cut) + cut
    spans = AlignedSpans.covering(start, start + len(values), most // 2 - 1)
    others = AlignedSpans.covering(start + cut, start + len(values), most // 2 - 1)
    if spans.width != others.width or len(values) - cut <= most:
        return
    first_whole_span = spans.width * (-(-(start + cut) // spans.width)) - start
    inside = {*range(first_whole_span, len(values) - 1)} - {cut}  # without the ends, which are always kept
    assert {*whole} & inside == {*moved} & inside


@given(CURVES, st.integers(0, 1_000))
def test_points_of_a_coarser_curve_are_among_those_of_a_finer_one(values: Floats, start: int) -> None:
    coarse, fine = kept(values, 10, start), kept(values, 40, start)
    assert set(coarse) <= set(fine)


@given(st.integers(0, 5_000), st.integers(1, 5_000), st.integers(1, 100))
def test_spans_are_aligned_few_and_cover_the_window(start: int, length: int, most: int) -> None:
    spans = AlignedSpans.covering(start, start + length, most)
    edges = spans.edges
    assert edges[0] == 0
    assert len(edges) <= most
    assert ((edges[1:] + start) % spans.width == 0).all()
    assert (np.diff([*edges, length]) <= spans.width).all()
    assert spans.width == 1 or len(AlignedSpans(start, start + length, spans.width // 2).edges) > most


def test_spike_of_one_bar_is_seen_whichever_way_it_goes() -> None:
    values = np.full(16_000, 100.0)
    values[[7_000, 9_000]] = 10.0, 200.0
    assert {7_000, 9_000} <= set(kept(values, 100))


@pytest.mark.parametrize("length", [0, 1, 2])
def test_short_curve_is_whole(length: int) -> None:
    assert kept(np.arange(float(length)), 4).tolist() == list(range(length))
