"""The resources that hold data are those of the last release: another URN or key would make a new, empty one.

`stateful_resources.json` records them. A resource that is added is added there. One that is renamed or moved keeps its
data by an alias, which `make pulumi` tries with an upgrade from the last release.
"""

import json
from pathlib import Path
from typing import Any

from tests.components.capture import Resource, Stack, captured

RECORD = Path(__file__).with_name("stateful_resources.json")
KEYS = {
    "aws:cloudwatch/logGroup:LogGroup": ("name",),
    "aws:dynamodb/table:Table": ("name", "hashKey", "rangeKey", "globalSecondaryIndexes"),
    "aws:s3/bucket:Bucket": ("bucket",),
    "aws:secretsmanager/secret:Secret": ("name",),
}
"""The types that hold data, and the inputs by which they hold it."""


def urn_of(resource: Resource, stack: Stack) -> str:
    """Return the part of the URN that the program decides: the types of the parents and its own, and the name."""
    types, parent = [resource.token], resource.parent
    while parent.split("::")[2] != "pulumi:pulumi:Stack":
        component = stack.by_urn(parent)
        types.insert(0, component.token)
        parent = component.parent
    return f"{'$'.join(types)}::{resource.name}"


def recorded_form(stack: Stack) -> dict[str, Any]:
    return {
        urn_of(resource, stack): {key: resource.inputs[key] for key in KEYS[resource.token] if key in resource.inputs}
        for resource in stack.resources
        if resource.token in KEYS
    }


def test_stateful_resources_are_those_that_are_recorded() -> None:
    expected = json.loads(RECORD.read_text())
    found = recorded_form(captured("prod"))
    assert found == expected, (
        f"see the docstring; the record of today is\n{json.dumps(found, indent=2, sort_keys=True)}"
    )


def test_record_has_every_table_and_both_buckets() -> None:
    types = [urn.split("::")[0].split("$")[-1] for urn in json.loads(RECORD.read_text())]
    assert types.count("aws:s3/bucket:Bucket") == 2
    assert types.count("aws:dynamodb/table:Table") == 7
