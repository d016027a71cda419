"""The lake of a stack that is five years old: the same tables in another database, over a bucket of their own."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from embedded.stack import EmbeddedStack
from tickfold.storage import layout

DATABASE = "five_years"
BUCKET = "tickfold-five-years"
WEEKS = 5 * 52
_INPUT = ("Name", "TableType", "Parameters", "PartitionKeys", "StorageDescriptor")


def make_old_lake(stack: EmbeddedStack) -> None:
    """Copy the lake, and add a run for each week of the last five years."""
    s3, bucket = stack.client("s3"), stack.outputs["bucket"]
    s3.create_bucket(Bucket=BUCKET)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=layout.DATA)
    keys = [entry["Key"] for page in pages for entry in page["Contents"]]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: s3.copy_object(Bucket=BUCKET, Key=key, CopySource=f"{bucket}/{key}"), keys))
        template = next(key for key in keys if key.startswith(layout.RUNS))
        run = pq.read_table(io.BytesIO(s3.get_object(Bucket=bucket, Key=template)["Body"].read()))
        days = [date.today() - timedelta(weeks=age) for age in range(WEEKS)]
        list(pool.map(lambda day: _put_run(s3, run, day), days))
    _copy_tables(stack.client("glue"), stack.outputs["athena_database"], bucket)


def _put_run(s3: Any, run: pa.Table, day: date) -> None:
    at = run.schema.get_field_index("day")
    written = io.BytesIO()
    pq.write_table(run.set_column(at, run.schema.field(at), pa.array([day])), written)
    s3.put_object(Bucket=BUCKET, Key=layout.run_key(f"run-{day}", day), Body=written.getvalue())


def _copy_tables(glue: Any, database: str, bucket: str) -> None:
    glue.create_database(DatabaseInput={"Name": DATABASE})
    for table in glue.get_tables(DatabaseName=database)["TableList"]:
        kept = json.dumps({name: table[name] for name in _INPUT})
        moved = json.loads(kept.replace(f"s3://{bucket}/", f"s3://{BUCKET}/"))
        glue.create_table(DatabaseName=DATABASE, TableInput=moved)
