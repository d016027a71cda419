"""The data lake as a whole: which prefixes expire, what each grant allows, and which tables and queries there are."""

import json

import pulumi
import pytest

from components.aws.grant import Grant, policy_document
from components.configuration import Configuration
from components.data_lake import DataLake
from components.saved_queries import SAVED_QUERIES
from tests.components.capture import Stack, capture, configuration_of
from tickfold.storage.tables import TABLES

BUCKET = "arn:aws:s3:::probe-lake-1a2b3c4"
RESULTS = ["runs", "trades", "equity", "runs_by_symbol", "equity_by_symbol", "sweeps", "walk_forward"]
RIGHTS = {
    "find series": {("s3:ListBucket", BUCKET), ("s3:GetObject", f"{BUCKET}/data/series/*")},
    "read series": {("s3:GetObject", f"{BUCKET}/data/series/*")},
    "read bars": {("s3:GetObjectVersion", f"{BUCKET}/data/bars/*")},
    "read chunks": {("s3:GetObject", f"{BUCKET}/data/chunks/*")},
    "write chunks": {("s3:PutObject", f"{BUCKET}/data/chunks/*")},
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
