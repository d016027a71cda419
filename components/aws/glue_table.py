"""A Glue table over Parquet files in a bucket, by which Athena reads them.

Partitions are projected: nothing registers them, since Athena computes where they lie.
"""

from collections.abc import Mapping
from functools import partial

import pulumi
import pulumi_aws as aws

from tickfold.storage.tables import LakeTable

_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


def glue_table(
    name: str,
    table_name: str,
    table: LakeTable,
    *,
    bucket: pulumi.Output[str],
    database: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> aws.glue.CatalogTable:
    """Create `table` as `table_name` in `database`, over the files under its prefix in `bucket`."""
    return aws.glue.CatalogTable(
        name,
        name=table_name,
        database_name=database,
        table_type="EXTERNAL_TABLE",
        parameters=bucket.apply(partial(_parameters, table)),
        partition_keys=_columns(table.partition_columns),
        storage_descriptor={
            "location": bucket.apply(partial(_location, table)),
            "input_format": f"{_PARQUET}.MapredParquetInputFormat",
            "output_format": f"{_PARQUET}.MapredParquetOutputFormat",
            "ser_de_info": {"serialization_library": f"{_PARQUET}.serde.ParquetHiveSerDe"},
            "columns": _columns(table.columns),
        },
        opts=opts,
    )


def _columns(types: Mapping[str, str]) -> list[aws.glue.CatalogTableStorageDescriptorColumnArgsDict]:
    return [{"name": name, "type": hive_type} for name, hive_type in types.items()]


def _location(table: LakeTable, bucket: str) -> str:
    return f"s3://{bucket}/{table.prefix}"


def _parameters(table: LakeTable, bucket: str) -> dict[str, str]:
    """Return the table's properties, in which Athena looks for the projection."""
    projections = {
        f"projection.{column}.{key}": value
        for column, partition in table.partitions.items()
        for key, value in partition.projection.items()
    }
    return {
        "EXTERNAL": "TRUE",
        "classification": "parquet",
        "projection.enabled": "true",
        "storage.location.template": f"{_location(table, bucket)}{table.location_template}",
        **projections,
    }
