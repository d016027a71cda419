"""How a range is cut into chunks, and what a worker speculates."""

import numpy as np
import pytest

from tickfold.engine.arrays import NONE
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.chunk import Chunk, cut, speculate
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.signals import FLAT, HOLD, LONG, SHORT


@pytest.mark.parametrize(
    ("bars", "lookback", "workers", "chunks"),
    [
        (1, 30, 40, 1),
        (2_148, 30, 40, 7),  # 300 bars are ten times the warm-up
        (3_270, 30, 4, 10),
        (3_270, 1, 40, 12),  # no chunk is shorter than 256 bars
        (3_270, 2_000, 40, 1),
        (1_000_000, 30, 40, 160),  # four for each worker
    ],
)
def test_cut_number_of_chunks_follows_from_bars_lookback_and_workers(
    bars: int, lookback: int, workers: int, chunks: int
) -> None:
    assert len(cut(bars, lookback, workers)) == chunks


@pytest.mark.parametrize("chunks", [1, 3, 7, 100])
def test_cut_forced_number_is_even_without_gaps(chunks: int) -> None:
    pieces = cut(100, 30, 4, chunks)
    assert [piece.start for piece in pieces[1:]] == [piece.stop for piece in pieces[:-1]]
    assert (pieces[0].start, pieces[-1].stop) == (0, 100)
    lengths = {piece.stop - piece.start for piece in pieces}
    assert max(lengths) - min(lengths) <= 1


def test_warm_up_stops_at_the_runs_first_bar() -> None:
    assert Chunk(10, 20).warm_up(30) == 10
    assert Chunk(50, 60).warm_up(30) == 30


SIGNALS = np.array([HOLD, LONG, LONG, HOLD, SHORT, FLAT, FLAT, LONG, HOLD], dtype=np.int8)


def test_speculate_counts_bars_from_the_runs_first() -> None:
    price = np.arange(10.0, 19.0)
    bars = Bars(np.arange(9), price, price, price, price, price)
    found = speculate(Chunk(100, 109), bars, SIGNALS, Orders()).decisions
    assert found.events.bar.tolist() == [101, 102, 104, 105, 106, 107]
    assert found.positions.event.tolist() == [0, 2, 5]
    assert found.positions.entry_bar.tolist() == [102, 105, 108]
    assert found.positions.exit_bar.tolist() == [105, 106, NONE]  # the last is open at the chunk's end


def test_speculate_lengths_that_differ_raise() -> None:
    price = np.ones(10)
    with pytest.raises(ValueError, match="9 signals and 10 bars for a chunk of 10 bars"):
        speculate(Chunk(0, 10), Bars(np.arange(10), price, price, price, price, price), SIGNALS, Orders())
