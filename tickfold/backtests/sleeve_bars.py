"""The bars of a sleeve."""

from tickfold.backtests.manifest import PlannedSleeve
from tickfold.engine.bars import Bars
from tickfold.market_data.bar_store import BarStore
from tickfold.storage.bucket import Bucket


def read_bars(bucket: Bucket, sleeve: PlannedSleeve, start: int, stop: int) -> Bars:
    """Read the bars of `sleeve` from `start` to `stop`, exclusive, counted from its first."""
    return BarStore(bucket.s3, bucket.name).read(sleeve.series, sleeve.first + start, sleeve.first + stop)
