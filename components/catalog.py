"""The lake's Parquet as SQL tables: the Glue database with its tables, and the Athena workgroup that reads them.

Partitions are projected: nothing registers them, Athena computes where they lie. A column of the type `injected` must
be given by equality in WHERE; `runs` has none, so that runs can be found without knowing them.
"""

from collections.abc import Mapping
from functools import partial

import pulumi
import pulumi_aws as aws

from components.data_lake import DataLake
from components.saved_queries import SAVED_QUERIES
from tickfold.storage import layout
from tickfold.storage.tables import TABLES, LakeTable

_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


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

    def _create_table(self, table_name: str, table: LakeTable, lake: DataLake) -> None:
        aws.glue.CatalogTable(
            f"{self._name}-{table_name}",
            name=table_name,
            database_name=self.database.name,
            table_type="EXTERNAL_TABLE",
            parameters=lake.bucket_name.apply(partial(_parameters, table)),
            partition_keys=_columns(table.partition_columns),
            storage_descriptor={
                "location": lake.bucket_name.apply(partial(_location, table)),
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


def _location(table: LakeTable, bucket: str) -> str:
    return f"s3://{bucket}/{table.prefix}"


def _parameters(table: LakeTable, bucket: str) -> dict[str, str]:
    """Return the table's properties, which is where Athena looks for the projection."""
    hive = "/".join(f"{column}=${{{column}}}" for column in table.partitions)
    projections = {
        f"projection.{column}.{key}": value
        for column, partition in table.partitions.items()
        for key, value in partition.projection.items()
    }
    return {
        "EXTERNAL": "TRUE",
        "classification": "parquet",
        "projection.enabled": "true",
        # Athena takes a template only if it ends in a slash.
        "storage.location.template": f"{_location(table, bucket)}{hive}/",
        **projections,
    }
