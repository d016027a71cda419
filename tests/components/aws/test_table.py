"""The DynamoDB tables: keys, indexes, expiry, recovery, encryption."""

import pytest

from tests.components.capture import Resource, Stack

TOKEN = "aws:dynamodb/table:Table"  # noqa: S105 # a type
KEYS = {
    "connections": ("connection_id", None),
    "subscriptions": ("topic", "connection_id"),
    "runs": ("run_id", "entry"),
    "users": ("user_id", "entry"),
}
INDEXES: dict[str, dict[str, list[str]]] = {
    "runs": {"by_user": ["user_id", "created_at"], "by_status": ["status", "created_at"]}
}
PROJECTIONS = {"by_user": "ALL", "by_status": "KEYS_ONLY"}


def table_of(stack: Stack, name: str) -> Resource:
    return stack.one(TOKEN, f"-{name}-table")


@pytest.mark.parametrize("name", KEYS)
def test_table_has_its_keys(dev: Stack, name: str) -> None:
    inputs = table_of(dev, name).inputs
    assert (inputs["hashKey"], inputs.get("rangeKey")) == KEYS[name]


@pytest.mark.parametrize("name", KEYS)
def test_indexes_have_their_keys_and_projections(dev: Stack, name: str) -> None:
    indexes = {index["name"]: index for index in table_of(dev, name).inputs.get("globalSecondaryIndexes", ())}
    assert {
        key: [schema["attributeName"] for schema in index["keySchemas"]] for key, index in indexes.items()
    } == INDEXES.get(name, {})
    for index in indexes.values():
        assert index["projectionType"] == PROJECTIONS[index["name"]]
        assert [schema["keyType"] for schema in index["keySchemas"]] == ["HASH", "RANGE"]


@pytest.mark.parametrize("name", KEYS)
def test_attributes_are_exactly_those_of_keys_and_indexes(dev: Stack, name: str) -> None:
    attributes = {attribute["name"]: attribute["type"] for attribute in table_of(dev, name).inputs["attributes"]}
    keyed = {attribute for index in INDEXES.get(name, {}).values() for attribute in index} | {
        k for k in KEYS[name] if k
    }
    assert attributes == dict.fromkeys(keyed, "S")


@pytest.mark.parametrize("name", KEYS)
def test_only_the_table_of_runs_has_a_stream(dev: Stack, name: str) -> None:
    inputs = table_of(dev, name).inputs
    streamed = (inputs.get("streamEnabled"), inputs.get("streamViewType"))
    assert streamed == ((True, "NEW_IMAGE") if name == "runs" else (None, None))


@pytest.mark.parametrize("name", KEYS)
def test_table_is_on_demand_encrypted_recoverable_with_time_to_live(dev: Stack, name: str) -> None:
    inputs = table_of(dev, name).inputs
    assert inputs["billingMode"] == "PAY_PER_REQUEST"
    assert "serverSideEncryption" not in inputs  # DynamoDB's own key; with it the KMS key that is charged
    assert inputs["pointInTimeRecovery"] == {"enabled": True}
    assert inputs["ttl"] == {"attributeName": "expires_at", "enabled": True}


@pytest.mark.parametrize("name", KEYS)
def test_table_in_prod_has_deletion_protection(dev: Stack, prod: Stack, name: str) -> None:
    assert table_of(dev, name).inputs["deletionProtectionEnabled"] is False
    assert table_of(prod, name).inputs["deletionProtectionEnabled"] is True
