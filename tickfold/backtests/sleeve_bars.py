"""The bars of a sleeve as a run sees them: adjusted as it was planned, in whatever pieces they are read."""

from tickfold.backtests.manifest import PlannedSleeve
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.chunk import Chunk, Stretch
from tickfold.market_data.adjustment import adjusted
from tickfold.market_data.bar_store import BarStore
from tickfold.storage.bucket import Bucket


def read_bars(bucket: Bucket, sleeve: PlannedSleeve, start: int, stop: int) -> Bars:
    """Read the bars of `sleeve` from `start` to `stop` (exclusive), counted from its first."""
    stored = BarStore(bucket.s3, bucket.name).read(sleeve.series, sleeve.first + start, sleeve.first + stop)
    return adjusted(stored, sleeve.factors)


def read_chunk(bucket: Bucket, sleeve: PlannedSleeve, number: int) -> Bars:
    """Read the bars of chunk `number` of `sleeve`."""
    return read_stretch(bucket, sleeve, sleeve.chunks[number])


def read_stretch(bucket: Bucket, sleeve: PlannedSleeve, some: Chunk | Stretch) -> Bars:
    """Read the bars of a chunk, or of adjacent ones, of `sleeve`."""
    return read_bars(bucket, sleeve, some.start, some.stop)
