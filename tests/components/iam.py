"""Evaluates IAM policies as the emulator does, and checks their actions and resources against AWS's own list."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ministack.core.iam_evaluator import EvalContext, evaluate, evaluate_resource_policy, parse_policy_document
from policy_sentry.querying.actions import get_action_data

from tests.components.capture import ACCOUNT, REGION, Stack

Document = dict[str, Any]
Policies = dict[str, dict[str, Document]]
"""The policies' documents by the role that has them and the policy's logical name."""

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_ANY_VALUE = "[^:]*"
_VALUES = {
    # A slash would begin another kind of resource: an object, an index, a stream.
    "BucketName": "[^:/]+",
    "TableName": "[^:/]+",
    # A function is invoked through its alias.
    "FunctionName": "[^:]+(:[^:]+)?",
}


def policies_of(stack: Stack) -> Policies:
    """Return the inline policies of every role."""
    policies: Policies = {}
    for policy in stack.of("aws:iam/rolePolicy:RolePolicy"):
        policies.setdefault(policy.inputs["role"], {})[policy.name] = json.loads(policy.inputs["policy"])
    return policies


def is_allowed(
    documents: Iterable[Document], action: str, resource: str, context: Mapping[str, str] | None = None
) -> bool:
    """Tell whether a role with the policies `documents` may do `action` on `resource`."""
    request = _request(action, resource, context)
    return bool(evaluate(request, [parse_policy_document(document) for document in documents]).decision == "Allow")


def service_is_allowed(
    document: Document, service: str, action: str, resource: str, context: Mapping[str, str] | None = None
) -> bool:
    """Tell whether the policy `document` of a resource, or of a role's trust, lets an AWS service do `action`."""
    request = _request(action, resource, context)
    return bool(evaluate_resource_policy(document, request, service).decision == "Allow")


def is_refused_by_resource(document: Document, action: str, resource: str, *, secure: bool) -> bool:
    """Tell whether the policy `document` of a resource forbids everybody `action`, over TLS or without it."""
    return bool(evaluate_resource_policy(document, _request(action, resource, None, secure)).decision == "Deny")


def resource_formats(action: str) -> set[str]:
    """Return the ARN formats of the resources that `action` takes, "*" if it can be used without one.

    An unknown action has none.
    """
    service, _, name = action.partition(":")
    return {entry["resource_arn_format"] for entry in get_action_data(service, name).get(service, [])}


def policy_mistakes(document: Document) -> list[str]:
    """Return the unknown actions of a policy, and the resources that no action of their statement takes."""
    return [mistake for statement in document["Statement"] for mistake in _statement_mistakes(statement)]


def _statement_mistakes(statement: Mapping[str, Any]) -> Iterator[str]:
    for action in _listed(statement["Action"]):
        formats = resource_formats(action)
        if not formats:
            yield f"unknown action {action}"
            continue
        for resource in _listed(statement["Resource"]):
            narrow = formats - {"*"}
            taken = not narrow if resource == "*" else any(_matches(resource, known) for known in narrow)
            if not taken:
                yield f"{action} does not take {resource}"


def _matches(resource: str, known_format: str) -> bool:
    """Return whether `resource` has a format such as `arn:${Partition}:s3:::${BucketName}/${ObjectName}`."""
    texts, names = _VARIABLE.split(known_format)[::2], _VARIABLE.findall(known_format)
    values = [_VALUES.get(name, _ANY_VALUE) for name in names]
    pattern = "".join(re.escape(text) + value for text, value in zip(texts, [*values, ""], strict=True))
    return re.fullmatch(pattern, resource) is not None


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _request(action: str, resource: str, context: Mapping[str, str] | None, secure: bool = True) -> EvalContext:
    return EvalContext(
        principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/any/session",
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=action,
        resource_arn=resource,
        region=REGION,
        secure_transport=secure,
        service_context={key.lower(): value for key, value in (context or {}).items()},
    )
