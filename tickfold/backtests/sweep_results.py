"""The file of a sweep: its runs, best first; or the windows of a walk-forward."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

import pyarrow as pa

from tickfold.backtests.results import defined
from tickfold.engine.accounting.cause import Cause
from tickfold.engine.performance.metrics import Metrics
from tickfold.engine.walk_forward import Step
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


@dataclass(frozen=True)
class Sample:
    """What a window came to in a sample: its first and last bar, in microseconds since 1970 UTC, and two metrics.

    `metric` is the one that ranks; NaN is None.
    """

    start: int
    end: int
    metric: float | None
    total_return: float | None

    @classmethod
    def of(cls, metrics: Metrics, rank_by: str, *, start: int, end: int) -> Self:
        """Return the sample from the bar at `start` to that at `end`, whose run has `metrics`."""
        found = defined(metrics.as_dict())
        return cls(start, end, found[rank_by], found["total_return"])


@dataclass(frozen=True)
class WindowResult:
    """What a window came to: the number of the set of parameters that was chosen, and both samples."""

    chosen: int
    in_sample: Sample
    out_of_sample: Sample

    @classmethod
    def of(cls, step: Step, times: Sequence[int], rank_by: str) -> Self:
        """Return what came of `step`; `times` are those of its samples' first and last bars."""
        return cls(
            step.chosen,
            Sample.of(step.in_sample, rank_by, start=times[0], end=times[1]),
            Sample.of(step.out_of_sample, rank_by, start=times[2], end=times[3]),
        )


def walk_forward_rows(strategies: Sequence[Strategy], found: Sequence[WindowResult], rank_by: str) -> list[Row]:
    """Return one row for each window in order, parameters as a dict and times in microseconds since 1970 UTC."""
    rows = []
    for number, window in enumerate(found, 1):
        parameters = unsigned_zero(strategies[window.chosen].model_dump())
        row: Row = {"window_number": number, "parameters": parameters, "rank_by": rank_by}
        for name, sample in (("in_sample", window.in_sample), ("out_of_sample", window.out_of_sample)):
            row[f"{name}_start"], row[f"{name}_end"] = sample.start, sample.end
            row[f"{name}_metric"], row[f"{name}_return"] = sample.metric, sample.total_return
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
