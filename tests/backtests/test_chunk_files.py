"""Chunk files: every speculation survives its file, and a part of a file is decoded at a time."""

import numpy as np
from numpy.testing import assert_array_equal

from tickfold.backtests import chunk_files
from tickfold.engine.arrays import NONE
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.automaton import Decisions
from tickfold.engine.decisions.chunk import Chunk, Speculation, speculate
from tickfold.engine.decisions.exits import SIGNAL, MaxBars
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.positions import Positions
from tickfold.engine.decisions.signal_events import SignalEvents


def bars(count: int) -> Bars:
    rng = np.random.default_rng(1)
    open_, high, low, close, volume = rng.random((5, count))
    return Bars(np.arange(count) * 60_000_000, open_, high, low, close, volume)


def test_the_speculations_of_all_sets_survive_their_file() -> None:
    chunk = Chunk(100, 200)
    events = SignalEvents(np.array([103, 110, 150]), np.array([1, 1, -1], dtype=np.int8))
    positions = Positions(
        event=np.array([0, 2]),
        side=np.array([1, -1], dtype=np.int8),
        entry_bar=np.array([104, 151]),
        entry_price=np.array([10.25, 11.5]),
        exit_bar=np.array([151, NONE]),
        exit_price=np.array([11.5, 0.1]),
        reason=np.array([SIGNAL, 0], dtype=np.int8),
    )
    some = Speculation(chunk, Decisions(events, positions))
    nothing = speculate(chunk, bars(100), np.zeros(100, dtype=np.int8), Orders())
    sets = [some, nothing, nothing, some, nothing]
    file = chunk_files.ChunkFile(chunk, chunk_files.encode(sets), len(sets))
    for number in (0, 1, 2, 3, 4, 0):
        found, sent = file.of(number), sets[number]
        assert found.chunk == chunk
        for name in ("bar", "side"):
            expected = getattr(sent.decisions.events, name)
            assert_array_equal(getattr(found.decisions.events, name), expected, strict=True)
        for name, expected in vars(sent.decisions.positions).items():
            assert_array_equal(getattr(found.decisions.positions, name), expected, strict=True)


def test_sets_of_many_rows_are_decoded_a_part_at_a_time() -> None:
    """Forty sets that signal another side at each of 5,000 bars."""
    chunk, price = Chunk(5_000, 10_000), bars(5_000)
    sides = np.where(np.arange(5_000) % 2, 1, -1).astype(np.int8)
    orders = [Orders(exits=(MaxBars(number + 1),)) for number in range(40)]
    sets = [speculate(chunk, price, np.roll(sides, number), orders[number]) for number in range(40)]
    file = chunk_files.ChunkFile(chunk, chunk_files.encode(sets), len(sets))
    for number in (*range(40), 7, 39, 0):
        assert_array_equal(file.of(number).decisions.events.side, sets[number].decisions.events.side)
        assert_array_equal(file.of(number).decisions.positions.exit_bar, sets[number].decisions.positions.exit_bar)
