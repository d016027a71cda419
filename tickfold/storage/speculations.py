"""What workers found in their chunks, as one small Parquet file a chunk."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from botocore.exceptions import ClientError

from tickfold.engine.automaton import Decisions
from tickfold.engine.chunk import Chunk, Speculation
from tickfold.storage import layout, parquet

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SCHEMA = pa.schema(
    [
        pa.field("bar", pa.int64(), nullable=False),
        pa.field("target", pa.int8(), nullable=False),
        pa.field("decided", pa.int8(), nullable=False),
    ]
)
_DTYPES: dict[str, type[np.generic]] = {"bar": np.int64, "target": np.int8, "decided": np.int8}
_PARALLEL_READS = 16


def encode(speculation: Speculation) -> bytes:
    """Return `speculation` as a Parquet file: a row for each bar that asks for a side, and whether it decided."""
    decided = np.isin(speculation.bar, speculation.decisions.bar).astype(np.int8)
    values: tuple[npt.NDArray[np.generic], ...] = (speculation.bar, speculation.target, decided)
    columns = [parquet.array(column, field.type) for column, field in zip(values, SCHEMA, strict=True)]
    return parquet.encode(pa.Table.from_arrays(columns, schema=SCHEMA))


def decode(chunk: Chunk, data: bytes) -> Speculation:
    """Read back what `encode` wrote for `chunk`."""
    columns = parquet.decode(data, _DTYPES)
    bar = columns["bar"].astype(np.int64)
    target = columns["target"].astype(np.int8)
    decided = np.flatnonzero(columns["decided"])
    return Speculation(chunk, bar, target, Decisions(bar[decided], target[decided]))


def put(s3: "S3Client", bucket: str, run_id: str, chunk: int, speculation: Speculation) -> bool:
    """Write the file of chunk number `chunk`; return False where a worker had written it before."""
    try:
        s3.put_object(Bucket=bucket, Key=layout.chunk_key(run_id, chunk), Body=encode(speculation), IfNoneMatch="*")
    except ClientError as error:
        if error.response["Error"]["Code"] == "PreconditionFailed":
            return False
        raise
    return True


def get_all(s3: "S3Client", bucket: str, run_id: str, chunks: list[Chunk]) -> list[Speculation]:
    """Read the files of all `chunks`, in order."""

    def get(number: int) -> Speculation:
        found = s3.get_object(Bucket=bucket, Key=layout.chunk_key(run_id, number))
        return decode(chunks[number], found["Body"].read())

    with ThreadPoolExecutor(_PARALLEL_READS) as pool:
        return list(pool.map(get, range(len(chunks))))
