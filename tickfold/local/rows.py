"""Rows of results as data frames: the columns of the stack's tables, but for parameters and metrics in columns."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tickfold.storage import parquet

if TYPE_CHECKING:
    import pandas as pd


def frame_of(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> "pd.DataFrame":
    """Return `rows`, with parameters as a mapping, as a frame with the columns of `schema` and one a parameter.

    A parameter that has the name of another column is called `parameters.NAME`.
    """
    written = [{**row, "parameters": ""} for row in rows]
    table = parquet.table(written, schema)
    place = table.column_names.index("parameters")
    table = table.remove_column(place)
    names = list(dict.fromkeys(name for row in rows for name in row["parameters"]))
    for offset, name in enumerate(names):
        label = f"parameters.{name}" if name in table.column_names else name
        table = table.add_column(place + offset, label, pa.array([row["parameters"][name] for row in rows]))
    return table.to_pandas()


def with_metrics(table: pa.Table, names: Iterable[str]) -> "pd.DataFrame":
    """Return a table of runs by symbol, which has all metrics as JSON, with a column for each of `names` instead."""
    metrics = [json.loads(text) for text in table["metrics"].to_pylist()]
    columns = {name: pa.array([each[name] for each in metrics], pa.float64()) for name in names}
    arrays = (
        {name: table[name] for name in ("symbol", "share", "start_capital", "bars")}
        | columns
        | {"no_trades": table["no_trades"]}
    )
    return pa.table(arrays).to_pandas()
