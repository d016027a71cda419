"""CloudWatch Logs: log groups and their retention."""

from embedded.account import ACCOUNT, REGION
from embedded.cloud import Cloud
from embedded.resources.creator import Inputs, Outputs, autoname, creates


@creates("aws:cloudwatch/logGroup:LogGroup", ignores={"skipDestroy": "nothing is destroyed"})
def log_group(cloud: Cloud, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    group_name, days = inputs.pop("name", None) or autoname(name), inputs.pop("retentionInDays", None)
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName=group_name, tags=inputs.pop("tags", {}))
    if days:
        logs.put_retention_policy(logGroupName=group_name, retentionInDays=days)
    return group_name, {"name": group_name, "arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group_name}"}
