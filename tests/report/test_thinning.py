"""What of a long run is drawn."""

import numpy as np
import pytest

from tickfold.report.thinning import DRAWN_WHOLE, STRETCHES, drawn_bars


@pytest.mark.parametrize("bars", [1, 2, DRAWN_WHOLE])
def test_short_run_is_drawn_whole(bars: int) -> None:
    np.testing.assert_array_equal(drawn_bars(bars, np.zeros(bars)), np.arange(bars))


@pytest.mark.parametrize("bars", [DRAWN_WHOLE + 1, 1_000_003])
def test_long_run_keeps_extremes_of_every_stretch(bars: int) -> None:
    rng = np.random.default_rng(bars)
    equity, price = rng.normal(size=bars).cumsum(), rng.normal(size=bars).cumsum()
    drawn = drawn_bars(bars, equity, price)
    assert len(drawn) <= 6 * STRETCHES
    assert (np.diff(drawn) > 0).all()
    assert (drawn[0], drawn[-1]) == (0, bars - 1)
    edges = np.linspace(0, bars, STRETCHES + 1).astype(int)
    for curve in (equity, price):
        kept = np.split(curve[drawn], np.searchsorted(drawn, edges[1:-1]))
        whole = np.split(curve, edges[1:-1])
        assert [part.min() for part in kept] == [part.min() for part in whole]
        assert [part.max() for part in kept] == [part.max() for part in whole]


def test_spike_of_one_bar_is_drawn() -> None:
    curve = np.zeros(1_000_000)
    curve[654_321], curve[123_456] = 1.0, -1.0
    assert {123_456, 654_321} <= set(drawn_bars(len(curve), curve).tolist())
