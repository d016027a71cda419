"""The peak memory that reducing a run adds to a warm reducer: `make` writes the runs' files, `reduce` measures.

    python -m benchmarks.reduce_memory FOLDER make BARS SYMBOLS FAST SLOW [SETS [IN_SAMPLE OUT_OF_SAMPLE]]
    python -m benchmarks.reduce_memory FOLDER reduce

A process each, so that simulating leaves nothing behind. An average of 10 and 20 bars holds a position for twenty bars,
one of 1 and 2 bars for two. With SETS it is a sweep of so many, of FAST and SLOW, SLOW + 1 and so on; with samples of
so many bars, a walk-forward. Files lie in FOLDER, in place of S3.
"""

import io
import json
import resource
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from botocore.exceptions import ClientError

from tickfold.backtests.chunk_files import ChunkFiles
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.planning import plan_sleeves
from tickfold.backtests.reduction import Reduction
from tickfold.backtests.simulation import simulate_chunk
from tickfold.engine.bars import Bars
from tickfold.market_data.bar_store import BarStore
from tickfold.protocol import BacktestConfig, Config, SweepConfig
from tickfold.storage.bucket import Bucket
from tickfold.strategies import BUILT_IN

SMALL, BIG = "small", "big"
SMALL_BARS = 20_000
WORKERS = 8


@dataclass(frozen=True)
class FolderS3:
    """As much of S3 as a run needs, in a folder."""

    folder: Path

    def get_object(self, *, Key: str, **_more: str) -> dict[str, Any]:  # noqa: N803 # S3's names
        if not (found := self._file(Key)).exists():
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(found.read_bytes()), "ETag": "1"}

    def put_object(self, *, Key: str, Body: bytes, **_more: str) -> dict[str, str]:  # noqa: N803 # S3's names
        self._file(Key).write_bytes(Body)
        return {"VersionId": "1"}

    def list_objects_v2(self, *, Prefix: str, StartAfter: str, **_more: str) -> dict[str, Any]:  # noqa: N803
        names = sorted(file.name for file in self.folder.glob(f"{Prefix.replace('/', '_')}*"))
        keys = [f"{Prefix}{name[len(Prefix) :]}" for name in names]
        return {"Contents": [{"Key": key} for key in keys if key > StartAfter]}

    def _file(self, key: str) -> Path:
        return self.folder / key.replace("/", "_")


def minutes(count: int, seed: int) -> Bars:
    """Return so many minutes of a random walk."""
    rng = np.random.default_rng(seed)
    close = np.maximum(100_000 + rng.integers(-20, 21, count).cumsum(), 100) / 100
    open_ = np.concatenate([close[:1], close[:-1]])
    times = 946_684_800_000_000 + 60_000_000 * np.arange(count)
    high, low = np.maximum(open_, close), np.minimum(open_, close)
    return Bars(times, open_, high, low, close, np.full(count, 100.0))


def asked_for(names: list[str], fast: int, slow: int, sets: int = 0, *samples: int) -> Config:
    """Return the config of a run over `names`, or of a sweep, or of a walk-forward."""
    common = {"strategy": "sma_cross", "startDate": "2000-01-01", "endDate": "2099-12-31", "startCapital": 1e6}
    if not sets:
        of_run = {"stock": names if len(names) > 1 else names[0], "parameters": {"fast": fast, "slow": slow}}
        return BacktestConfig.model_validate(common | of_run)
    grid = {"fast": fast, "slow": {"from": slow, "to": slow + sets - 1, "step": 1}}
    windows = {"walkForward": dict(zip(("inSample", "outOfSample"), samples, strict=True))} if samples else {}
    return SweepConfig.model_validate(common | {"stock": names[0], "parameters": grid} | windows)


def make(bucket: Bucket, folder: Path, bars: int, symbols: int, terms: list[int]) -> None:
    """Write a small run and one of `bars` bars of each symbol, as far as the reducer needs them."""
    for run_id, count in ((SMALL, SMALL_BARS), (BIG, bars)):
        names = [f"{run_id}{number}".upper() for number in range(symbols)]
        store = BarStore(bucket.s3, bucket.name)
        found = [store.put(name, "1m", minutes(count, seed), "", replace=True) for seed, name in enumerate(names)]
        config = asked_for(names, *terms)
        manifest = Manifest(
            run_id=run_id,
            created_at=datetime.now(UTC),
            execution_arn="",
            config=config,
            sleeves=plan_sleeves(config, found, WORKERS, BUILT_IN),
        )
        (folder / run_id).write_text(manifest.model_dump_json(by_alias=True))
        for sleeve in manifest.sleeves:
            for number in range(len(sleeve.chunks)):
                simulated = simulate_chunk(bucket, BUILT_IN, manifest, sleeve.series.symbol, number)
                ChunkFiles(bucket, run_id).put(sleeve.series.symbol, number, simulated)


def measure(bucket: Bucket, folder: Path) -> dict[str, float]:
    """Reduce the small run, then the big one; return what the big one added to the peak, in bytes."""
    small, big = (Manifest.model_validate_json((folder / run_id).read_text()) for run_id in (SMALL, BIG))
    untold = cast(Any, SimpleNamespace(publish=lambda *_, **__: None, publish_all_done=lambda *_: None))
    Reduction(bucket, untold, BUILT_IN, small).finish()
    before, begun = _peak(), time.process_time()
    finished = Reduction(bucket, untold, BUILT_IN, big).finish(seconds=3_600)
    added, seconds = _peak() - before, time.process_time() - begun
    trades = finished.metrics.as_dict()["trades"] if finished else 0
    return {"bars": big.bars, "trades": trades, "warm": before, "added": added, "seconds": seconds}


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    where, task, *numbers = sys.argv[1:]
    Path(where).mkdir(parents=True, exist_ok=True)
    lake = Bucket(cast(Any, FolderS3(Path(where))), "lake")
    if task == "make":
        bars_each, count, *terms = map(int, numbers)
        make(lake, Path(where), bars_each, count, terms)
    else:
        print(json.dumps(measure(lake, Path(where))))
