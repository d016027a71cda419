"""The topic that a stack's alarms tell when they ring and when they end, and the addresses that it writes to."""

import json
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws
from botocore.utils import ArnParser


class AlarmTopic(pulumi.ComponentResource):
    """The topic. CloudWatch may publish for the alarms of this account whose names begin with that of the stack.

    It has no key of its own: CloudWatch cannot publish under Amazon's key, and one of the account's costs a dollar a
    month, while what is told are the names of alarms.
    """

    topic: aws.sns.Topic
    arn: pulumi.Output[str]

    def __init__(self, name: str, *, emails: Sequence[str], opts: pulumi.ResourceOptions | None = None) -> None:
        """Create the topic of the stack `name`; each of `emails` gets a message whose link confirms it."""
        super().__init__("tickfold:aws:AlarmTopic", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.topic = aws.sns.Topic(f"{name}-alarms", name=f"{name}-alarms", opts=child)
        self.arn = self.topic.arn
        aws.sns.TopicPolicy(
            f"{name}-alarms-policy",
            arn=self.arn,
            policy=self.arn.apply(lambda arn: _from_alarms(arn, name)),
            opts=child,
        )
        for email in emails:
            aws.sns.TopicSubscription(
                f"{name}-alarms-{email}", topic=self.arn, protocol="email", endpoint=email, opts=child
            )
        self.register_outputs({"arn": self.arn})


def _from_alarms(topic: str, name: str) -> str:
    """Return the policy that lets CloudWatch publish for the stack's alarms, and nobody without TLS."""
    parsed = ArnParser().parse_arn(topic)
    alarms = f"arn:{parsed['partition']}:cloudwatch:{parsed['region']}:{parsed['account']}:alarm:{name}-*"
    publish = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {
            "StringEquals": {"aws:SourceAccount": parsed["account"]},
            "ArnLike": {"aws:SourceArn": alarms},
        },
    }
    plain = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [publish, plain]})
