"""Chunk files: the speculation of each chunk for each set of parameters, one small Parquet file a chunk."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tickfold.backtests.manifest import PlannedSleeve
from tickfold.engine.decisions.automaton import Decisions
from tickfold.engine.decisions.chunk import Chunk, Speculation
from tickfold.engine.decisions.positions import Positions
from tickfold.engine.decisions.signal_events import SignalEvents
from tickfold.storage import layout, parquet
from tickfold.storage.bucket import Bucket

SCHEMA = pa.schema(
    [
        pa.field("set", pa.int32(), nullable=False),
        pa.field("bar", pa.int64(), nullable=False),
        pa.field("side", pa.int8(), nullable=False),
        pa.field("opened", pa.int8(), nullable=False),
        pa.field("entry_bar", pa.int64(), nullable=False),
        pa.field("entry_price", pa.float64(), nullable=False),
        pa.field("exit_bar", pa.int64(), nullable=False),
        pa.field("exit_price", pa.float64(), nullable=False),
        pa.field("reason", pa.int8(), nullable=False),
    ]
)
_DTYPES: dict[str, type[np.generic]] = {field.name: np.dtype(field.type.to_pandas_dtype()).type for field in SCHEMA}
_OF_POSITIONS = ("entry_bar", "entry_price", "exit_bar", "exit_price", "reason")
_PARALLEL_READS = 16
_ROWS_DECODED = 65_536


class ChunkFile:
    """The file of one chunk.

    It stays encoded, and a part of it is decoded at a time: a strategy that signals at every bar has a row per
    bar, for each of a sweep's sets. Sets are best read in order.
    """

    def __init__(self, chunk: Chunk, data: bytes, sets: int = 1) -> None:
        self._chunk, self._data = chunk, data
        self._edges = np.searchsorted(parquet.decode(data, {"set": np.int32})["set"], np.arange(sets + 1))
        self._first = self._stop = 0
        self._decoded: dict[str, npt.NDArray[Any]] = {}

    def of(self, number: int) -> Speculation:
        """Return the speculation of set `number`."""
        rows = self._rows(int(self._edges[number]), int(self._edges[number + 1]))
        events = SignalEvents(rows["bar"], rows["side"])
        event = np.flatnonzero(rows["opened"])
        positions = Positions(event, events.side[event], *(rows[name][event] for name in _OF_POSITIONS))
        return Speculation(self._chunk, Decisions(events, positions))

    def _rows(self, first: int, stop: int) -> dict[str, npt.NDArray[Any]]:
        if not (self._decoded and self._first <= first and stop <= self._stop):
            self._first, self._stop = first, min(max(stop, first + _ROWS_DECODED), int(self._edges[-1]))
            self._decoded = parquet.decode(self._data, _DTYPES, self._first, self._stop)
        return {name: column[first - self._first : stop - self._first] for name, column in self._decoded.items()}


def encode(speculations: Sequence[Speculation]) -> bytes:
    """Return the speculations of all sets as Parquet: a row per signal event, with the position that it opened."""
    parts = [_columns(number, speculation) for number, speculation in enumerate(speculations)]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in _DTYPES}
    arrays = [parquet.array(columns[field.name], field.type) for field in SCHEMA]
    return parquet.encode(pa.Table.from_arrays(arrays, schema=SCHEMA))


def _columns(number: int, speculation: Speculation) -> dict[str, npt.NDArray[Any]]:
    events, positions = speculation.decisions.events, speculation.decisions.positions
    columns: dict[str, npt.NDArray[Any]] = {name: np.zeros(len(events), dtype) for name, dtype in _DTYPES.items()}
    columns |= {"set": np.full(len(events), number, dtype=np.int32), "bar": events.bar, "side": events.side}
    columns["opened"][positions.event] = 1
    for name in _OF_POSITIONS:
        columns[name][positions.event] = getattr(positions, name)
    return columns


@dataclass(frozen=True)
class ChunkFiles:
    """The chunk files of one run."""

    bucket: Bucket
    run_id: str

    def put(self, symbol: str, number: int, speculations: Sequence[Speculation]) -> bool:
        """Write the file of a symbol's chunk `number`; return False if a worker had written it before."""
        return self.bucket.put_new(layout.chunk_key(self.run_id, symbol, number), encode(speculations))

    def get(self, sleeve: PlannedSleeve, number: int, sets: int = 1) -> ChunkFile:
        """Read the file of chunk `number` of `sleeve`."""
        key = layout.chunk_key(self.run_id, sleeve.series.symbol, number)
        return ChunkFile(sleeve.chunks[number], self.bucket.get(key), sets)

    def get_some(self, sleeve: PlannedSleeve, numbers: range, sets: int = 1) -> list[ChunkFile]:
        """Read the files of the chunks of `sleeve` that have these `numbers`, in order."""
        if len(numbers) == 1:
            return [self.get(sleeve, numbers[0], sets)]
        with ThreadPoolExecutor(_PARALLEL_READS) as pool:
            return list(pool.map(lambda number: self.get(sleeve, number, sets), numbers))
