"""API Gateway: the setting of the account, by which its APIs write logs."""

from embedded.cloud import Cloud
from embedded.resources.creator import Inputs, Outputs, creates


@creates("aws:apigateway/account:Account")
def account(cloud: Cloud, _name: str, inputs: Inputs) -> tuple[str, Outputs]:
    change = {"op": "replace", "path": "/cloudwatchRoleArn", "value": inputs.pop("cloudwatchRoleArn")}
    cloud.client("apigateway").update_account(patchOperations=[change])
    return "api-gateway-account", {}
