"""Parquet files: explicit types, only the rows asked for, the same bytes each time, and no pandas."""

import io
import subprocess
import sys
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal

from tickfold.backtests import chunk_files, results
from tickfold.engine.arrays import NONE
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.automaton import Decisions
from tickfold.engine.decisions.chunk import Chunk, Speculation, speculate
from tickfold.engine.decisions.exits import SIGNAL, MaxBars
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.positions import Positions
from tickfold.engine.decisions.signal_events import SignalEvents
from tickfold.market_data import bar_store
from tickfold.storage import parquet, tables


def bars(count: int) -> Bars:
    rng = np.random.default_rng(1)
    open_, high, low, close, volume = rng.random((5, count))
    return Bars(np.arange(count) * 60_000_000, open_, high, low, close, volume)


def test_bars_are_float64_and_utc_microseconds() -> None:
    schema = pq.read_schema(io.BytesIO(bar_store.encode(bars(3))))
    assert schema.field("timestamp").type == pa.timestamp("us", tz="UTC")
    assert {schema.field(name).type for name in ("open", "high", "low", "close", "volume")} == {pa.float64()}
    assert not any(field.nullable for field in schema)


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (65_535, 65_537), (70_000, 140_000), (139_999, 140_000), (5, 5)])
def test_only_the_rows_asked_for_are_read(start: int, stop: int) -> None:
    whole = bars(140_000)
    part = parquet.decode(bar_store.encode(whole), {"timestamp": np.int64, "close": np.float64}, start, stop)
    assert_array_equal(part["timestamp"], whole.timestamp[start:stop])
    assert_array_equal(part["close"], whole.close[start:stop])


def test_times_are_written_as_differences_and_prices_are_not() -> None:
    """What Athena's engine is known to read, and no more: see the decision on encodings."""
    group = pq.ParquetFile(io.BytesIO(bar_store.encode(bars(100)))).metadata.row_group(0)
    encodings = {group.column(k).path_in_schema: set(group.column(k).encodings) for k in range(group.num_columns)}
    assert "DELTA_BINARY_PACKED" in encodings.pop("timestamp")
    assert all(found <= {"PLAIN", "RLE", "RLE_DICTIONARY"} for found in encodings.values())


def test_the_same_bars_give_the_same_bytes() -> None:
    assert bar_store.encode(bars(1_000)) == bar_store.encode(bars(1_000))


def test_an_array_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match="int32 values do not fit int64"):
        parquet.array(np.zeros(3, dtype=np.int32), pa.int64())


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["AAPL", "", None, "µ€"], pa.string()),
        ([True, None, False, True, *[False] * 8, True], pa.bool_()),
        ([date(2024, 2, 29), None, date(1969, 12, 31)], pa.date32()),
        ([datetime(2024, 2, 29, 1, 2, 3, 4), None], tables.TIMESTAMP),
        ([1.5, None, -0.25], pa.float64()),
        ([2**31 - 1, None, -1], pa.int32()),
        ([2**53 + 1, -1], pa.int64()),
        ([], pa.string()),
    ],
)
def test_a_column_is_what_arrow_makes_of_the_values(values: list[Any], kind: pa.DataType) -> None:
    column = parquet.column(values, kind)
    column.validate(full=True)
    assert column.equals(pa.array(values, kind))


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
    """Forty sets that ask for another side at each of 5,000 bars."""
    chunk, price = Chunk(5_000, 10_000), bars(5_000)
    sides = np.where(np.arange(5_000) % 2, 1, -1).astype(np.int8)
    orders = [Orders(exits=(MaxBars(number + 1),)) for number in range(40)]
    sets = [speculate(chunk, price, np.roll(sides, number), orders[number]) for number in range(40)]
    file = chunk_files.ChunkFile(chunk, chunk_files.encode(sets), len(sets))
    for number in (*range(40), 7, 39, 0):
        assert_array_equal(file.of(number).decisions.events.side, sets[number].decisions.events.side)
        assert_array_equal(file.of(number).decisions.positions.exit_bar, sets[number].decisions.positions.exit_bar)


@pytest.mark.parametrize(("count", "points"), [(1, 1), (10, 10), (11, 6), (100, 11)])
def test_a_thinned_curve_keeps_its_first_and_last_point(count: int, points: int) -> None:
    whole = bars(count)
    thinned = results.thin(whole.timestamp, whole.close, 10)
    assert len(thinned) == points
    assert thinned[0] == (0, whole.close[0])
    assert thinned[-1] == ((count - 1) * 60_000, whole.close[-1])


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("functions.websocket.connect", ["pandas", "pyarrow", "numpy"]),
        ("functions.websocket.disconnect", ["pandas", "pyarrow", "numpy"]),
        ("functions.backtests.report_failure", ["pandas", "pyarrow", "numpy"]),
        ("functions.websocket.message", ["pandas", "pyarrow"]),
        ("functions.backtests.plan", ["pandas", "pyarrow"]),
        ("functions.backtests.simulate", ["pandas"]),
        ("functions.backtests.reduce", ["pandas"]),
    ],
)
def test_functions_import_no_more_than_they_need(module: str, unwanted: list[str]) -> None:
    code = f"import sys, {module}; print(sorted(set({unwanted}) & set(sys.modules)))"
    environment = {"AWS_DEFAULT_REGION": "us-east-1", "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "[]"
