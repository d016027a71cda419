"""Asks IAM policies what they allow. The evaluation is the emulator's: the same that judges the embedded stack."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ministack.core.iam_evaluator import EvalContext, evaluate, evaluate_resource_policy, parse_policy_document

from tests.components.capture import ACCOUNT, REGION, Stack

Document = dict[str, Any]
Policies = dict[str, dict[str, Document]]
"""The policies' documents by the role that has them and the policy's logical name."""


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
