"""The bars of a sleeve, chunk by chunk."""

from tickfold.backtests.manifest import PlannedSleeve
from tickfold.engine.bars import Bars
from tickfold.market_data.bar_store import BarStore
from tickfold.storage.bucket import Bucket


def read_chunk(bucket: Bucket, sleeve: PlannedSleeve, number: int) -> Bars:
    """Read the bars of chunk `number` of `sleeve`."""
    chunk = sleeve.chunks[number]
    return BarStore(bucket.s3, bucket.name).read(sleeve.series, sleeve.first + chunk.start, sleeve.first + chunk.stop)
