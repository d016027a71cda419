"""Grants: their union, and the policies made of them."""

import json
from collections.abc import Callable, Sequence

import pulumi
import pytest

from components.aws.grant import Grant, Statement, policy_document, trust_document
from tests.components.capture import capture

READ = Statement(["s3:GetObject"], ["arn:aws:s3:::bucket/key"])
WRITE = Statement(["s3:PutObject", "s3:GetObject"], ["arn:aws:s3:::bucket/key"])
ELSEWHERE = Statement(["s3:GetObject"], ["arn:aws:s3:::bucket/other"])
LIST = Statement(["s3:ListBucket"], ["arn:aws:s3:::bucket"], {"StringLike": {"s3:prefix": "data/*"}})
LIST_ALL = Statement(["s3:ListBucket"], ["arn:aws:s3:::bucket"])


def document_of(statements: Callable[[], Sequence[Statement]]) -> object:
    return json.loads(capture(lambda: pulumi.export("policy", policy_document(statements())), {}).outputs["policy"])


def test_union_has_every_statement_and_every_variable() -> None:
    union = Grant.union(Grant([READ], {"A": "1"}), Grant([LIST], {"B": "2"}), Grant([], {"C": "3"}))
    assert union.statements == [READ, LIST]
    assert union.environment == {"A": "1", "B": "2", "C": "3"}


def test_policy_allows_each_statement_on_its_resources_under_its_condition() -> None:
    assert document_of(lambda: [READ, LIST]) == {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::bucket/key"]},
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket"],
                "Resource": ["arn:aws:s3:::bucket"],
                "Condition": {"StringLike": {"s3:prefix": "data/*"}},
            },
        ],
    }


def test_policy_names_each_action_on_a_resource_once() -> None:
    def statements() -> list[Statement]:
        same = pulumi.Output.concat("arn:aws:s3:::bucket", "/key")  # found to be the same once it is known
        return [READ, WRITE, Statement(["s3:DeleteObject"], [same])]

    assert document_of(statements) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
                "Resource": ["arn:aws:s3:::bucket/key"],
            }
        ],
    }


@pytest.mark.parametrize("other", [ELSEWHERE, LIST_ALL])
def test_policy_keeps_statements_of_other_resources_or_conditions_apart(other: Statement) -> None:
    document = document_of(lambda: [READ, LIST, other])
    assert isinstance(document, dict)
    assert [statement["Action"] for statement in document["Statement"]] == [READ.actions, LIST.actions, other.actions]


def test_trust_document_with_a_condition_contains_it() -> None:
    condition = {"StringEquals": {"aws:SourceAccount": "1"}}
    assert json.loads(trust_document("states.amazonaws.com", condition)) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "states.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": condition,
            }
        ],
    }
