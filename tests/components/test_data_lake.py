"""The data lake as a whole: which prefixes expire, what each grant allows, and which tables and queries there are."""

import json
from typing import Any

import boto3
import numpy as np
import pulumi
import pytest

from components.aws.grant import Grant, policy_document
from components.configuration import Configuration
from components.data_lake import DataLake
from components.saved_queries import SAVED_QUERIES
from tests.aws import REGION
from tests.components.capture import Stack, capture, configuration_of
from tickfold.engine.bars import Bars
from tickfold.market_data.bar_store import BarStore
from tickfold.storage import layout
from tickfold.storage.bucket import Bucket
from tickfold.storage.tables import TABLES

BUCKET = "arn:aws:s3:::probe-lake-1a2b3c4"
RESULTS = ["runs", "trades", "equity", "runs_by_symbol", "equity_by_symbol", "sweeps", "walk_forward"]
RIGHTS = {
    "find series": {("s3:ListBucket", BUCKET), ("s3:GetObject", f"{BUCKET}/data/series/*")},
    "read series": {("s3:GetObject", f"{BUCKET}/data/series/*")},
    "read bars": {("s3:GetObjectVersion", f"{BUCKET}/data/bars/*")},
    "read chunks": {("s3:GetObject", f"{BUCKET}/data/chunks/*")},
    "write chunks": {("s3:PutObject", f"{BUCKET}/data/chunks/*")},
    "export portfolios": {
        ("s3:ListBucket", BUCKET),
        ("s3:GetObject", f"{BUCKET}/data/portfolios/*"),
        ("s3:PutObject", f"{BUCKET}/data/portfolios/*"),
    },
    "write results": {("s3:PutObject", f"{BUCKET}/data/{table}/*") for table in RESULTS},
}


def lake_with_grants() -> Stack:
    def program() -> None:
        lake = DataLake("probe", configuration=Configuration.load(pulumi.Config("tickfold"), "test"))
        grants: dict[str, Grant] = {
            "find series": lake.may_find_series(),
            "read series": lake.may_read_series(),
            "read bars": lake.may_read_bars(),
            "read chunks": lake.may_read_chunks(),
            "write chunks": lake.may_write_chunks(),
            "write results": lake.may_write_results(),
            "export portfolios": lake.may_export_portfolios(),
        }
        for name, grant in grants.items():
            assert set(grant.environment) == {"TICKFOLD_BUCKET"}
            pulumi.export(name, policy_document(grant.statements))

    return capture(program, configuration_of("dev"))


LAKE = lake_with_grants()


@pytest.mark.parametrize("name", RIGHTS)
def test_grant_allows_exactly_these_rights(name: str) -> None:
    statements = json.loads(LAKE.outputs[name])["Statement"]
    rights = {(action, resource) for s in statements for action in s["Action"] for resource in s["Resource"]}
    assert rights == RIGHTS[name]


def test_only_series_can_be_listed() -> None:
    conditions = [s.get("Condition") for s in json.loads(LAKE.outputs["find series"])["Statement"]]
    assert conditions == [{"StringLike": {"s3:prefix": "data/series/*"}}, None]


def test_every_table_and_query_of_the_lake_is_created(dev: Stack) -> None:
    tables = dev.of("aws:glue/catalogTable:CatalogTable")
    assert {table.inputs["name"] for table in tables} == set(TABLES)
    queries = dev.of("aws:athena/namedQuery:NamedQuery")
    assert {query.inputs["name"] for query in queries} == {name.replace("-", " ") for name in SAVED_QUERIES}


def test_database_has_a_name_that_athena_takes(dev: Stack) -> None:
    assert dev.one("aws:glue/catalogDatabase:CatalogDatabase").inputs["name"] == "tickfold_dev"


def expire_noncurrent(bucket: Bucket, rules: list[dict[str, Any]]) -> int:
    """Delete the versions that S3 deletes by `rules` in time; return how many."""
    prefixes = tuple(rule["filter"]["prefix"] for rule in rules if "noncurrentVersionExpiration" in rule)
    found = bucket.s3.list_object_versions(Bucket=bucket.name)["Versions"]
    expired = [each for each in found if not each["IsLatest"] and each["Key"].startswith(prefixes)]
    for each in expired:
        bucket.s3.delete_object(Bucket=bucket.name, Key=each["Key"], VersionId=each["VersionId"])
    return len(expired)


def test_series_is_readable_when_noncurrent_versions_have_expired(dev: Stack, bucket: Bucket) -> None:
    """A load that ended before its commit leaves the version that the series names noncurrent."""
    close = np.array([10.5, 11.25, 12.0])
    days = np.array(["2005-01-03", "2005-01-04", "2005-01-05"], dtype="datetime64[us]").astype(np.int64)
    bars, store = Bars(days, close, close, close, close, close), BarStore(bucket.s3, bucket.name)
    planned_on = store.put("GOOG", "1d", bars, "first")
    series = store.put("GOOG", "1d", bars[:2], "second", replace=True)
    for file in series.files:
        bucket.put(layout.bars_key("GOOG", "1d", file.year), b"of a load that was interrupted")
    lifecycle = dev.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "lake-lifecycle")
    assert expire_noncurrent(bucket, lifecycle.inputs["rules"]) == 1  # the description of the first load
    unread = BarStore(boto3.client("s3", region_name=REGION), bucket.name)  # has no version in memory
    assert unread.read(unread.catalog.get("GOOG", "1d"), 0, 2).close.tolist() == bars.close[:2].tolist()
    assert unread.read(planned_on, 0, 3).close.tolist() == bars.close.tolist()
