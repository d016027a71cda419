"""A grant: the right to use a resource, together with the environment variables that say where the resource is.

A function gets both or neither, so it never knows a table that it may not use, nor holds a right that its code cannot
use.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import pulumi


@dataclass(frozen=True)
class Statement:
    """One IAM statement: allow `actions` on `resources` if `condition` holds."""

    actions: Sequence[str]
    resources: Sequence[pulumi.Input[str]]
    condition: Mapping[str, Mapping[str, pulumi.Input[str]]] | None = None

    def document(self) -> dict[str, Any]:
        """Return the statement as it stands in a policy document."""
        allow = {"Effect": "Allow", "Action": list(self.actions), "Resource": list(self.resources)}
        return allow if self.condition is None else {**allow, "Condition": self.condition}


@dataclass(frozen=True)
class Grant:
    """IAM statements and the environment variables that go with them."""

    statements: Sequence[Statement]
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)

    @classmethod
    def union(cls, *grants: "Grant") -> Self:
        """Return one grant of everything that `grants` allow."""
        environment = {name: value for grant in grants for name, value in grant.environment.items()}
        return cls([statement for grant in grants for statement in grant.statements], environment)


def policy_document(statements: Iterable[Statement]) -> pulumi.Output[str]:
    """Return the JSON of a policy that allows `statements` and nothing else.

    Statements on the same resources under the same condition become one, which names each action once.
    """
    documents = pulumi.Output.from_input([statement.document() for statement in statements])
    return documents.apply(lambda known: json.dumps({"Version": "2012-10-17", "Statement": _merge(known)}))


def trust_document(service: str, condition: Mapping[str, Any] | None = None) -> str:
    """Return the JSON of a trust policy that lets the AWS service `service` assume the role if `condition` holds."""
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    statement = trust if condition is None else {**trust, "Condition": condition}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _merge(documents: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    merged: dict[str, dict[str, Any]] = {}
    for document in documents:
        scope = {key: value for key, value in document.items() if key != "Action"}
        statement = merged.setdefault(json.dumps(scope, sort_keys=True), {**document, "Action": []})
        statement["Action"] += [action for action in document["Action"] if action not in statement["Action"]]
    return list(merged.values())
