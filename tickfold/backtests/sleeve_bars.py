"""The bars of a sleeve, chunk by chunk."""

from tickfold.backtests.manifest import PlannedSleeve
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.chunk import Chunk, Stretch
from tickfold.market_data.bar_store import BarStore
from tickfold.storage.bucket import Bucket


def read_chunk(bucket: Bucket, sleeve: PlannedSleeve, number: int) -> Bars:
    """Read the bars of chunk `number` of `sleeve`."""
    return read_stretch(bucket, sleeve, sleeve.chunks[number])


def read_stretch(bucket: Bucket, sleeve: PlannedSleeve, some: Chunk | Stretch) -> Bars:
    """Read the bars of a chunk, or of adjacent ones, of `sleeve`."""
    return BarStore(bucket.s3, bucket.name).read(sleeve.series, sleeve.first + some.start, sleeve.first + some.stop)
