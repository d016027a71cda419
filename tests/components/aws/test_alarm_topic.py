"""The alarm topic: who may publish, whom it writes to, and that no alarm rings unheard."""

import json
from typing import Any

import pytest

from tests.components.capture import Stack, configuration_of, run_program
from tests.components.iam import is_refused_by_resource, service_is_allowed

TOPIC = "arn:aws:sns:eu-north-1:111122223333:tickfold-dev-alarms"
ALARM = "arn:aws:cloudwatch:eu-north-1:111122223333:alarm:tickfold-dev-SilentSessionMinutes"


@pytest.fixture
def policy(dev: Stack) -> dict[str, Any]:
    given = dev.one("aws:sns/topicPolicy:TopicPolicy").inputs
    assert given["arn"] == TOPIC
    document: dict[str, Any] = json.loads(given["policy"])
    return document


@pytest.mark.parametrize(
    ("service", "account", "source", "allowed"),
    [
        ("cloudwatch.amazonaws.com", "111122223333", ALARM, True),
        ("cloudwatch.amazonaws.com", "444455556666", ALARM, False),
        ("cloudwatch.amazonaws.com", "444455556666", ALARM.replace("111122223333", "444455556666"), False),
        ("cloudwatch.amazonaws.com", "111122223333", ALARM.replace("-dev-", "-prod-"), False),
        ("events.amazonaws.com", "111122223333", ALARM, False),
    ],
)
def test_only_cloudwatch_may_publish_and_only_for_the_stack_s_alarms(
    policy: dict[str, Any], service: str, account: str, source: str, allowed: bool
) -> None:
    context = {"aws:SourceArn": source, "aws:SourceAccount": account}
    assert service_is_allowed(policy, service, "sns:Publish", TOPIC, context) == allowed


def test_nobody_publishes_without_tls(policy: dict[str, Any]) -> None:
    assert is_refused_by_resource(policy, "sns:Publish", TOPIC, secure=False)
    assert not is_refused_by_resource(policy, "sns:Publish", TOPIC, secure=True)


def test_every_alarm_tells_the_topic_when_it_rings_and_when_it_ends(dev: Stack) -> None:
    for alarm in dev.of("aws:cloudwatch/metricAlarm:MetricAlarm"):
        assert (alarm.inputs["alarmActions"], alarm.inputs["okActions"]) == ([TOPIC], [TOPIC]), alarm.name
        assert alarm.inputs["name"].startswith("tickfold-dev-")  # as the policy expects


def test_topic_is_there_without_addresses_and_writes_to_each_that_is_given() -> None:
    for addresses in ("", "ops@example.com,night@example.com"):
        configuration = configuration_of("dev", dependencies="runtime", alarmEmail=addresses)
        stack = run_program(configuration, stack_name="dev")
        stack.one("aws:sns/topic:Topic")
        found = [each.inputs for each in stack.of("aws:sns/topicSubscription:TopicSubscription")]
        assert all((each["topic"], each["protocol"]) == (TOPIC, "email") for each in found)
        assert {each["endpoint"] for each in found} == {each for each in addresses.split(",") if each}
