"""The account's log role of API Gateway."""

import json

from tests.components.capture import Stack


def test_role_is_set_and_may_push_logs(dev: Stack) -> None:
    role = dev.one("aws:iam/role:Role", "-api-gateway-role")
    assert json.loads(role.inputs["assumeRolePolicy"])["Statement"] == [
        {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]
    attachment = dev.one("aws:iam/rolePolicyAttachment:RolePolicyAttachment").inputs
    assert attachment["role"] == f"{role.name}-1a2b3c4"
    assert attachment["policyArn"] == "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    account = dev.one("aws:apigateway/account:Account").inputs
    assert account == {"cloudwatchRoleArn": f"arn:aws:iam::111122223333:role/{role.name}-1a2b3c4"}
