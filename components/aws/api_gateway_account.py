"""The role with which API Gateway writes logs: one setting for an account and region."""

import pulumi
import pulumi_aws as aws

from components.aws.grant import trust_document

_PUSH_LOGS = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"


class ApiGatewayAccount(pulumi.ComponentResource):
    """The setting and its role. Both are retained when the stack is destroyed: other APIs log through them."""

    account: aws.apigateway.Account

    def __init__(self, name: str, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tickfold:aws:ApiGatewayAccount", name, None, opts)
        stay = pulumi.ResourceOptions(parent=self, retain_on_delete=True)
        role = aws.iam.Role(
            f"{name}-api-gateway-role", assume_role_policy=trust_document("apigateway.amazonaws.com"), opts=stay
        )
        push_logs = aws.iam.RolePolicyAttachment(
            f"{name}-api-gateway-push-logs", role=role.name, policy_arn=_PUSH_LOGS, opts=stay
        )
        self.account = aws.apigateway.Account(
            f"{name}-api-gateway-account",
            cloudwatch_role_arn=role.arn,
            # API Gateway checks the role when it is set.
            opts=pulumi.ResourceOptions.merge(stay, pulumi.ResourceOptions(depends_on=[push_logs])),
        )
        self.register_outputs({})
