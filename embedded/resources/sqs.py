"""SQS: queues and their policies."""

from typing import Any

from embedded.cloud import Cloud
from embedded.resources.creator import Inputs, Outputs, autoname, creates

_ATTRIBUTES = {"messageRetentionSeconds": "MessageRetentionPeriod", "sqsManagedSseEnabled": "SqsManagedSseEnabled"}
"""A queue's inputs, and what the API calls them. It takes each value as text."""


@creates("aws:sqs/queue:Queue")
def queue(cloud: Cloud, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    queue_name, tags = inputs.pop("name", None) or autoname(name), inputs.pop("tags", {})
    attributes = {_ATTRIBUTES[key]: _text(inputs.pop(key)) for key in inputs.keys() & _ATTRIBUTES.keys()}
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName=queue_name, Attributes=attributes, tags=tags)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, {"name": queue_name, "arn": arn, "url": url}


@creates("aws:sqs/queuePolicy:QueuePolicy")
def queue_policy(cloud: Cloud, _name: str, inputs: Inputs) -> tuple[str, Outputs]:
    url = inputs.pop("queueUrl")
    cloud.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": inputs.pop("policy")})
    return url, {}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
