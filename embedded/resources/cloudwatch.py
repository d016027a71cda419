"""CloudWatch: alarms, which the emulator evaluates when metrics are put."""

from embedded.account import ACCOUNT, REGION
from embedded.cloud import Cloud
from embedded.resources.creator import Inputs, Outputs, autoname, creates, pascal, pop_all, pop_tags

_NAMES = {"comparisonOperator": "ComparisonOperator", "okActions": "OKActions"}


@creates("aws:cloudwatch/metricAlarm:MetricAlarm")
def metric_alarm(cloud: Cloud, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    alarm_name, tags = inputs.pop("name", None) or autoname(name), pop_tags(inputs)
    cloud.client("cloudwatch").put_metric_alarm(AlarmName=alarm_name, Tags=tags, **pascal(pop_all(inputs), _NAMES))
    arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{alarm_name}"
    return alarm_name, {"name": alarm_name, "arn": arn}
