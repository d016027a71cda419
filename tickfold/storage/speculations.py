"""What workers found in their chunks, as one small Parquet file a chunk."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from botocore.exceptions import ClientError

from tickfold.engine.automaton import Asks, Decisions, Positions
from tickfold.engine.chunk import Chunk, Speculation
from tickfold.storage import layout, parquet

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SCHEMA = pa.schema(
    [
        pa.field("bar", pa.int64(), nullable=False),
        pa.field("side", pa.int8(), nullable=False),
        pa.field("opened", pa.int8(), nullable=False),
        pa.field("entry_bar", pa.int64(), nullable=False),
        pa.field("entry_price", pa.float64(), nullable=False),
        pa.field("exit_bar", pa.int64(), nullable=False),
        pa.field("exit_price", pa.float64(), nullable=False),
        pa.field("reason", pa.int8(), nullable=False),
    ]
)
_DTYPES: dict[str, type[np.generic]] = {field.name: np.dtype(field.type.to_pandas_dtype()).type for field in SCHEMA}
_OF_POSITIONS = ("entry_bar", "entry_price", "exit_bar", "exit_price", "reason")
_PARALLEL_READS = 16


def encode(speculation: Speculation) -> bytes:
    """Return `speculation` as a Parquet file: a row an ask, with the position that it opened, if it opened one."""
    asks, positions = speculation.decisions.asks, speculation.decisions.positions
    columns = {name: np.zeros(len(asks), dtype) for name, dtype in _DTYPES.items()}
    columns |= {"bar": asks.bar, "side": asks.side}
    columns["opened"][positions.ask] = 1
    for name in _OF_POSITIONS:
        columns[name][positions.ask] = getattr(positions, name)
    arrays = [parquet.array(columns[field.name], field.type) for field in SCHEMA]
    return parquet.encode(pa.Table.from_arrays(arrays, schema=SCHEMA))


def decode(chunk: Chunk, data: bytes) -> Speculation:
    """Read back what `encode` wrote for `chunk`."""
    columns = parquet.decode(data, _DTYPES)
    asks = Asks(columns["bar"], columns["side"])
    ask = np.flatnonzero(columns["opened"])
    positions = Positions(ask, asks.side[ask], *(columns[name][ask] for name in _OF_POSITIONS))
    return Speculation(chunk, Decisions(asks, positions))


def put(s3: "S3Client", bucket: str, key: str, speculation: Speculation) -> bool:
    """Write a chunk's file under `key`; return False where a worker had written it before."""
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=encode(speculation), IfNoneMatch="*")
    except ClientError as error:
        if error.response["Error"]["Code"] == "PreconditionFailed":
            return False
        raise
    return True


def get_all(s3: "S3Client", bucket: str, run_id: str, symbol: str, chunks: list[Chunk]) -> list[Speculation]:
    """Read the files of all `chunks` of a symbol, in order."""

    def get(number: int) -> Speculation:
        found = s3.get_object(Bucket=bucket, Key=layout.chunk_key(run_id, symbol, number))
        return decode(chunks[number], found["Body"].read())

    with ThreadPoolExecutor(_PARALLEL_READS) as pool:
        return list(pool.map(get, range(len(chunks))))
