"""A grant: the right to use a resource together with the environment variables that say where it is.

Whoever is granted something gets both or neither, so a function can never know a table that it may not touch, nor hold
a right that its code cannot use.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi


@dataclass(frozen=True)
class Statement:
    """One IAM statement that allows `actions` on `resources`, if `condition` holds."""

    actions: Sequence[str]
    resources: Sequence[pulumi.Input[str]]
    condition: Mapping[str, Mapping[str, pulumi.Input[str]]] | None = None

    def document(self) -> dict[str, Any]:
        """Return it as a part of a policy document."""
        allow = {"Effect": "Allow", "Action": list(self.actions), "Resource": list(self.resources)}
        return allow if self.condition is None else {**allow, "Condition": self.condition}


@dataclass(frozen=True)
class Grant:
    """IAM statements and the environment variables that go with them."""

    statements: Sequence[Statement]
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


def policy_document(statements: Iterable[Statement]) -> pulumi.Output[str]:
    """Return the JSON of a policy that allows `statements` and nothing else."""
    return pulumi.Output.json_dumps(
        {"Version": "2012-10-17", "Statement": [statement.document() for statement in statements]}
    )


def trust_document(service: str, condition: Mapping[str, Any] | None = None) -> str:
    """Return the JSON of a trust policy that lets the AWS service `service` assume the role, if `condition` holds."""
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    statement = trust if condition is None else {**trust, "Condition": condition}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
