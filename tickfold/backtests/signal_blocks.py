"""Signal blocks: the bars of a sweep, chunk by chunk, with the signals of all its sets of parameters."""

from bisect import bisect_right
from collections.abc import Iterator

from tickfold.backtests.chunk_files import ChunkFiles
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.reduction_memory import WINDOW_BYTES
from tickfold.backtests.sleeve_bars import read_chunk
from tickfold.engine.bars import COLUMNS
from tickfold.engine.walk_forward import Block
from tickfold.storage.bucket import Bucket
from tickfold.storage.byte_cache import ByteCache


class SignalBlocks:
    """The bars of the sweep of `manifest` and the signals of so many `sets`, from the files of its chunks."""

    def __init__(self, bucket: Bucket, manifest: Manifest, sets: int) -> None:
        self._bucket, self._sets = bucket, sets
        (self._sleeve,) = manifest.sleeves
        self._files = ChunkFiles(bucket, manifest.run_id)
        self._chunks = ByteCache[Block](WINDOW_BYTES, _bytes_of)  # a chunk has 58 MB at most

    def __call__(self, start: int, stop: int) -> Iterator[Block]:
        """Yield the blocks, one a chunk, that cover the bars from `start` to `stop`, exclusive."""
        for number in range(self.chunk_of(start), self.chunk_of(stop - 1) + 1):
            first, (bars, signals) = self._sleeve.edges[number], self._chunk(number)
            within = slice(max(start - first, 0), stop - first)
            yield bars[within], [own[within] for own in signals]

    def time_of(self, bar: int) -> int:
        """Return the time of a bar, in microseconds since 1970 UTC."""
        number = self.chunk_of(bar)
        return int(self._chunk(number)[0].timestamp[bar - self._sleeve.edges[number]])

    def chunk_of(self, bar: int) -> int:
        """Return the number of the chunk that has a bar."""
        return bisect_right(self._sleeve.edges, bar) - 1

    def _chunk(self, number: int) -> Block:
        return self._chunks.get(number, lambda: self._read(number))

    def _read(self, number: int) -> Block:
        file, first = self._files.get(self._sleeve, number, self._sets), self._sleeve.edges[number]
        bars = read_chunk(self._bucket, self._sleeve, number)
        return bars, [file.of(at).decisions_from(first).events.signals(len(bars)) for at in range(self._sets)]


def _bytes_of(block: Block) -> int:
    bars, signals = block
    return sum(int(getattr(bars, name).nbytes) for name in COLUMNS) + sum(own.nbytes for own in signals)
