"""The lake's Parquet as SQL tables: the Glue database with its tables, and the Athena workgroup that reads them.

Partitions are projected: nothing registers them, Athena computes where they lie. A column of the type `injected` must
be given by equality in WHERE; `runs` has none, so that runs can be found without knowing them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.data_lake import DataLake
from components.saved_queries import SAVED_QUERIES
from tickfold.engine.performance.metrics import Metrics
from tickfold.storage import layout

_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"
_INJECTED = {"type": "injected"}


@dataclass(frozen=True)
class ParquetTable:
    """Columns and partition columns by name with their Hive types, and how the partitions are projected."""

    prefix: str
    columns: Mapping[str, str]
    partitions: Mapping[str, str]
    projections: Mapping[str, Mapping[str, str]]

    def location(self, bucket: str) -> str:
        return f"s3://{bucket}/{self.prefix}"

    def parameters(self, bucket: str) -> dict[str, str]:
        """Return the table's properties, which is where Athena looks for the projection."""
        hive = "/".join(f"{column}=${{{column}}}" for column in self.partitions)
        projections = {
            f"projection.{column}.{key}": value
            for column, settings in self.projections.items()
            for key, value in settings.items()
        }
        return {
            "EXTERNAL": "TRUE",
            "classification": "parquet",
            "projection.enabled": "true",
            # Athena takes a template only if it ends in a slash.
            "storage.location.template": f"{self.location(bucket)}{hive}/",
            **projections,
        }


TABLES: Mapping[str, ParquetTable] = {
    "bars": ParquetTable(
        layout.BARS,
        {
            "timestamp": "timestamp",
            "open": "double",
            "high": "double",
            "low": "double",
            "close": "double",
            "volume": "double",
        },
        {"symbol": "string", "timeframe": "string", "year": "int"},
        {"symbol": _INJECTED, "timeframe": _INJECTED, "year": {"type": "integer", "range": "1900,2200"}},
    ),
    "trades": ParquetTable(
        layout.TRADES,
        {
            "symbol": "string",
            "side": "string",
            "quantity": "double",
            "entry_time": "timestamp",
            "entry_price": "double",
            "exit_time": "timestamp",
            "exit_price": "double",
            "pnl": "double",
            "trade_return": "double",
            "commission": "double",
            "bars": "int",
            "exit_reason": "string",
        },
        {"run_id": "string"},
        {"run_id": _INJECTED},
    ),
    "equity": ParquetTable(
        layout.EQUITY,
        {"timestamp": "timestamp", "equity": "double", "cash": "double", "shares": "double", "close": "double"},
        {"run_id": "string"},
        {"run_id": _INJECTED},
    ),
    "runs_by_symbol": ParquetTable(
        layout.RUNS_BY_SYMBOL,
        {
            "symbol": "string",
            "share": "double",
            "start_capital": "double",
            "bars": "bigint",
            "chunks": "int",
            "replayed_bars": "bigint",
            "trades": "int",
            "final_equity": "double",
            "total_return": "double",
            "sharpe": "double",
            "max_drawdown": "double",
            "metrics": "string",
        },
        {"run_id": "string"},
        {"run_id": _INJECTED},
    ),
    "equity_by_symbol": ParquetTable(
        layout.EQUITY_BY_SYMBOL,
        {
            "symbol": "string",
            "timestamp": "timestamp",
            "equity": "double",
            "cash": "double",
            "shares": "double",
            "close": "double",
        },
        {"run_id": "string"},
        {"run_id": _INJECTED},
    ),
    "runs": ParquetTable(
        layout.RUNS,
        {
            "run_id": "string",
            "symbol": "string",
            "timeframe": "string",
            "strategy": "string",
            "parameters": "string",
            "start_date": "date",
            "end_date": "date",
            "start_capital": "double",
            "bars": "bigint",
            "chunks": "int",
            "replayed_bars": "bigint",
            "trades": "int",
            "final_equity": "double",
            "total_return": "double",
            "sharpe": "double",
            "max_drawdown": "double",
            "created_at": "timestamp",
            "duration_seconds": "double",
            "metrics": "string",
        },
        {"day": "date"},
        {"day": {"type": "date", "range": "2020-01-01,NOW", "format": "yyyy-MM-dd"}},
    ),
    "sweeps": ParquetTable(
        layout.SWEEPS,
        {"rank": "int", "parameters": "string"} | dict.fromkeys(Metrics.__dataclass_fields__, "double"),
        {"run_id": "string"},
        {"run_id": _INJECTED},
    ),
    "walk_forward": ParquetTable(
        layout.WALK_FORWARD,
        {
            "window_number": "int",
            "parameters": "string",
            "rank_by": "string",
            "in_sample_start": "timestamp",
            "in_sample_end": "timestamp",
            "in_sample_metric": "double",
            "in_sample_return": "double",
            "out_of_sample_start": "timestamp",
            "out_of_sample_end": "timestamp",
            "out_of_sample_metric": "double",
            "out_of_sample_return": "double",
        },
        {"run_id": "string"},
        {"run_id": _INJECTED},
    ),
}


class Catalog(pulumi.ComponentResource):
    """Database, tables, workgroup and saved queries over a lake."""

    database: aws.glue.CatalogDatabase
    workgroup: aws.athena.Workgroup

    def __init__(
        self,
        name: str,
        *,
        lake: DataLake,
        bytes_scanned_limit: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the catalog. A query that would scan more than `bytes_scanned_limit` bytes is cancelled."""
        super().__init__("tickfold:index:Catalog", name, None, opts)
        self._name = name
        self.database = self._create_database()
        for table_name, table in TABLES.items():
            self._create_table(table_name, table, lake)
        self.workgroup = self._create_workgroup(lake, bytes_scanned_limit)
        for query_name, query in SAVED_QUERIES.items():
            self._save_query(query_name, query)
        self.register_outputs({"database": self.database.name, "workgroup": self.workgroup.name})

    def _create_database(self) -> aws.glue.CatalogDatabase:
        return aws.glue.CatalogDatabase(
            f"{self._name}-database",
            # Athena wants names of tables and databases without hyphens.
            name=self._name.replace("-", "_"),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _create_table(self, table_name: str, table: ParquetTable, lake: DataLake) -> None:
        aws.glue.CatalogTable(
            f"{self._name}-{table_name}",
            name=table_name,
            database_name=self.database.name,
            table_type="EXTERNAL_TABLE",
            parameters=lake.bucket_name.apply(table.parameters),
            partition_keys=_columns(table.partitions),
            storage_descriptor={
                "location": lake.bucket_name.apply(table.location),
                "input_format": f"{_PARQUET}.MapredParquetInputFormat",
                "output_format": f"{_PARQUET}.MapredParquetOutputFormat",
                "ser_de_info": {"serialization_library": f"{_PARQUET}.serde.ParquetHiveSerDe"},
                "columns": _columns(table.columns),
            },
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _create_workgroup(self, lake: DataLake, bytes_scanned_limit: int) -> aws.athena.Workgroup:
        return aws.athena.Workgroup(
            f"{self._name}-workgroup",
            name=self._name,
            # Only query history and saved queries are lost with it; the lake keeps the data.
            force_destroy=True,
            configuration={
                "enforce_workgroup_configuration": True,
                "publish_cloudwatch_metrics_enabled": True,
                "bytes_scanned_cutoff_per_query": bytes_scanned_limit,
                "result_configuration": {
                    "output_location": pulumi.Output.concat("s3://", lake.bucket_name, "/", layout.ATHENA),
                    "encryption_configuration": {"encryption_option": "SSE_S3"},
                },
            },
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _save_query(self, query_name: str, query: str) -> None:
        aws.athena.NamedQuery(
            f"{self._name}-{query_name}",
            name=query_name.replace("-", " "),
            database=self.database.name,
            workgroup=self.workgroup.id,
            query=query,
            opts=pulumi.ResourceOptions(parent=self),
        )


def _columns(types: Mapping[str, str]) -> list[aws.glue.CatalogTableStorageDescriptorColumnArgsDict]:
    return [{"name": name, "type": hive_type} for name, hive_type in types.items()]
