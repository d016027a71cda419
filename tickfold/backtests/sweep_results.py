"""The file of a sweep: its runs, best first; or the windows of a walk-forward."""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from tickfold.backtests.results import defined
from tickfold.engine.accounting.cause import Cause
from tickfold.engine.bars import Bars
from tickfold.engine.performance.metrics import Metrics
from tickfold.engine.walk_forward import Walk
from tickfold.protocol.wire import unsigned_zero
from tickfold.storage import layout, parquet, tables
from tickfold.storage.bucket import Bucket
from tickfold.strategies import Strategy

Row = dict[str, Any]


def sweep_rows(
    strategies: Sequence[Strategy],
    metrics: Sequence[Metrics],
    order: Sequence[int],
    no_trades: Mapping[int, Cause] = MappingProxyType({}),
) -> list[Row]:
    """Return one row for each run in `order`, parameters as a dict; `no_trades` has those runs that have none."""
    return [
        {"rank": rank, "parameters": unsigned_zero(strategies[at].model_dump()), "no_trades": no_trades.get(at)}
        | defined(metrics[at].as_dict())
        for rank, at in enumerate(order, 1)
    ]


def walk_forward_rows(strategies: Sequence[Strategy], walk: Walk, bars: Bars, rank_by: str) -> list[Row]:
    """Return one row for each window in order, parameters as a dict and times in microseconds since 1970 UTC."""
    rows = []
    for number, step in enumerate(walk.steps, 1):
        window, parameters = step.window, unsigned_zero(strategies[step.chosen].model_dump())
        row: Row = {"window_number": number, "parameters": parameters, "rank_by": rank_by}
        for sample, start, stop, metrics in (
            ("in_sample", window.start, window.split, step.in_sample),
            ("out_of_sample", window.split, window.stop, step.out_of_sample),
        ):
            found = defined(metrics.as_dict())
            row[f"{sample}_start"], row[f"{sample}_end"] = bars.timestamp[[start, stop - 1]].tolist()
            row[f"{sample}_metric"], row[f"{sample}_return"] = found[rank_by], found["total_return"]
        rows.append(row)
    return rows


def put_sweep(bucket: Bucket, run_id: str, rows: Sequence[Row]) -> str:
    """Write a sweep's table; return its URI. Idempotent."""
    return _put(bucket, layout.sweep_key(run_id), rows, tables.SWEEPS)


def put_walk_forward(bucket: Bucket, run_id: str, rows: Sequence[Row]) -> str:
    """Write a walk-forward's table; return its URI. Idempotent."""
    return _put(bucket, layout.walk_forward_key(run_id), rows, tables.WALK_FORWARD)


def _put(bucket: Bucket, key: str, rows: Sequence[Row], schema: pa.Schema) -> str:
    written = [row | {"parameters": json.dumps(row["parameters"])} for row in rows]
    bucket.put(key, parquet.encode(parquet.table(written, schema)))
    return bucket.uri(key)
