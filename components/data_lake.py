"""The data lake: the bucket with bars, chunks, results and packages, the log of accesses to it, and the SQL tables by
which Athena reads it."""

import pulumi
import pulumi_aws as aws

from components.aws.access_log_bucket import AccessLogBucket
from components.aws.athena_workgroup import AthenaWorkgroup
from components.aws.bucket import Bucket
from components.aws.glue_table import glue_table
from components.aws.grant import Grant
from components.configuration import Configuration
from components.saved_queries import SAVED_QUERIES
from functions import settings
from tickfold.storage import layout
from tickfold.storage.tables import TABLES

_ACCESS_LOG_DAYS = 90
_LIFETIMES = {layout.CHUNKS: 7, layout.ATHENA: 7, layout.LOGS: _ACCESS_LOG_DAYS}
"""Days after which the objects under a prefix expire."""
_RESULTS = [
    layout.RUNS,
    layout.TRADES,
    layout.EQUITY,
    layout.RUNS_BY_SYMBOL,
    layout.EQUITY_BY_SYMBOL,
    layout.SWEEPS,
    layout.WALK_FORWARD,
]
_CURVES = [layout.TRADES, layout.EQUITY, layout.EQUITY_BY_SYMBOL]
# Not bars: series and manifests name their versions, which are noncurrent once a load has written a year again.
_SUPERSEDED = [layout.PACKAGES, layout.LOGS, layout.SERIES, layout.CHUNKS, layout.ATHENA, layout.PORTFOLIOS, *_RESULTS]
"""Prefixes whose objects are read in their current version only."""


class DataLake(pulumi.ComponentResource):
    """Bucket with its access logs, Glue database with its tables, Athena workgroup with saved queries."""

    bucket: Bucket
    database: aws.glue.CatalogDatabase
    athena: AthenaWorkgroup

    def __init__(self, name: str, *, configuration: Configuration, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tickfold:index:DataLake", name, None, opts)
        self._name = name
        self.bucket = self._create_bucket(configuration.protect_data)
        self._log_accesses(configuration.protect_data)
        self.database = self._create_database()
        self._create_tables()
        self.athena = self._create_workgroup(configuration.bytes_scanned_limit)
        self.register_outputs({"bucket": self.bucket.bucket_name, "database": self.database.name})

    def may_find_series(self) -> Grant:
        """`SeriesCatalog.find` and `find_all`: list the series of a symbol and read their descriptions."""
        return Grant.union(self.bucket.may_list(layout.SERIES), self.may_read_series())

    def may_read_series(self) -> Grant:
        """`SeriesCatalog.get` and `get_all`."""
        return self.bucket.may_read(layout.SERIES)

    def may_read_bars(self) -> Grant:
        """`BarStore.read`: by version, so that a run has one snapshot."""
        return self.bucket.may_read_versions(layout.BARS)

    def may_load_bars(self) -> Grant:
        """`BarStore.fill`; where an object is missing, S3 only says so to those who may list."""
        return Grant.union(
            self.may_find_series(),
            self.bucket.may_write(layout.SERIES),
            self.bucket.may_list(layout.BARS),
            self.bucket.may_read(layout.BARS),
            self.bucket.may_read_versions(layout.BARS),
            self.bucket.may_write(layout.BARS),
        )

    def may_read_chunks(self) -> Grant:
        """`Manifest.get`, `ChunkFiles.get_some`, and the item reader of the Distributed Map."""
        return self.bucket.may_read(layout.CHUNKS)

    def may_find_chunks(self) -> Grant:
        """`FinishedChunks`: which chunks of a run there are."""
        return self.bucket.may_list(layout.CHUNKS)

    def may_write_chunks(self) -> Grant:
        """`Manifest.put`, `ChunkFiles.put`, and the checkpoints of `Folding`."""
        return self.bucket.may_write(layout.CHUNKS)

    def may_read_results(self) -> Grant:
        """`read_run`."""
        return Grant.union(*(self.bucket.may_read(prefix) for prefix in _CURVES))

    def may_write_results(self) -> Grant:
        """Every `put` of `results`, `results_by_symbol` and `sweep_results`."""
        return Grant.union(*(self.bucket.may_write(prefix) for prefix in _RESULTS))

    def may_export_portfolios(self) -> Grant:
        """`LakeExport.export`; where an object is missing, S3 only says so to those who may list."""
        of = layout.PORTFOLIOS
        return Grant.union(self.bucket.may_list(of), self.bucket.may_read(of), self.bucket.may_write(of))

    def _create_bucket(self, protect: bool) -> Bucket:
        return Bucket(
            f"{self._name}-lake",
            lifetimes=_LIFETIMES,
            superseded=_SUPERSEDED,
            variable=settings.BUCKET,
            protect=protect,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _log_accesses(self, protect: bool) -> None:
        logs = AccessLogBucket(
            f"{self._name}-logs",
            source=self.bucket,
            days=_ACCESS_LOG_DAYS,
            protect=protect,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.bucket.log_accesses(to=logs)

    def _create_database(self) -> aws.glue.CatalogDatabase:
        return aws.glue.CatalogDatabase(
            f"{self._name}-database",
            # Athena wants names of tables and databases without hyphens.
            name=self._name.replace("-", "_"),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _create_tables(self) -> None:
        for table_name, table in TABLES.items():
            glue_table(
                f"{self._name}-{table_name}",
                table_name,
                table,
                bucket=self.bucket.bucket_name,
                database=self.database.name,
                opts=pulumi.ResourceOptions(parent=self),
            )

    def _create_workgroup(self, bytes_scanned_limit: int) -> AthenaWorkgroup:
        return AthenaWorkgroup(
            self._name,
            results=pulumi.Output.concat("s3://", self.bucket.bucket_name, "/", layout.ATHENA),
            bytes_scanned_limit=bytes_scanned_limit,
            database=self.database.name,
            queries=SAVED_QUERIES,
            opts=pulumi.ResourceOptions(parent=self),
        )
