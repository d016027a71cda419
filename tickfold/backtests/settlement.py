"""The settlement of one symbol: its chunks are folded, and its account is run through their decisions."""

from dataclasses import dataclass

from tickfold.backtests.chunk_files import ChunkFiles
from tickfold.backtests.manifest import Manifest, PlannedSleeve
from tickfold.backtests.planning import account_of, orders_of
from tickfold.engine.backtest import Outcome, fold
from tickfold.engine.bars import Bars
from tickfold.market_data.bar_store import BarStore
from tickfold.storage.bucket import Bucket
from tickfold.strategies import Strategy


@dataclass(frozen=True, eq=False)
class Settlement:
    """A sleeve's bars, what its account did, and how many bars the fold had to replay."""

    bars: Bars
    outcome: Outcome
    replayed_bars: int


def settle(bucket: Bucket, manifest: Manifest, sleeve: PlannedSleeve, strategy: Strategy) -> Settlement:
    """Fold the chunks of `sleeve`, and settle its account."""
    files = ChunkFiles(bucket, manifest.run_id).get_all(sleeve.series.symbol, sleeve.chunks)
    bars, account = read_bars(bucket, sleeve, 0, sleeve.bars), account_of(manifest.config, sleeve.share)
    folded = fold([file.of(0) for file in files], bars, account, orders_of(manifest.config), strategy)
    return Settlement(bars, folded.outcome, folded.replayed_bars)


def read_bars(bucket: Bucket, sleeve: PlannedSleeve, start: int, stop: int) -> Bars:
    """Read the bars of `sleeve` from `start` to `stop`, exclusive, counted from its first."""
    return BarStore(bucket.s3, bucket.name).read(sleeve.series, sleeve.first + start, sleeve.first + stop)
