"""The manifest of a run: what the workers and the reducer need to know, pinned when the run was planned."""

import json
from datetime import date, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict

from tickfold.engine.chunk import Chunk
from tickfold.protocol import BacktestConfig
from tickfold.storage import layout
from tickfold.storage.catalog import Series

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Manifest(BaseModel):
    """A planned run: its request, the bars it is about (by version), and how they are cut.

    `first` is the position in the series of the run's first bar; `edges` are the chunks' bounds, counted from it.
    """

    model_config = ConfigDict(frozen=True)

    run_id: str
    created_at: datetime
    execution_arn: str
    config: BacktestConfig
    series: Series
    first: int
    edges: list[int]

    @property
    def bars(self) -> int:
        return self.edges[-1]

    @property
    def chunks(self) -> list[Chunk]:
        return [Chunk(start, stop) for start, stop in pairwise(self.edges)]

    @property
    def day(self) -> date:
        """The UTC day on which the run was started: its partition in the table of runs."""
        return self.created_at.date()

    def put(self, s3: "S3Client", bucket: str) -> str:
        """Write the manifest, and the items of the Distributed Map; return the items' key."""
        s3.put_object(
            Bucket=bucket, Key=layout.manifest_key(self.run_id), Body=self.model_dump_json(by_alias=True).encode()
        )
        items = [{"run_id": self.run_id, "chunk": chunk} for chunk in range(len(self.chunks))]
        key = layout.items_key(self.run_id)
        s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(items).encode())
        return key

    @classmethod
    def get(cls, s3: "S3Client", bucket: str, run_id: str) -> Self:
        """Read the manifest of a run."""
        return cls.model_validate_json(s3.get_object(Bucket=bucket, Key=layout.manifest_key(run_id))["Body"].read())
