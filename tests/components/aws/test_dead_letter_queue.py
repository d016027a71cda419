"""Dead-letter queues: what they keep and how long, who may send, and that nothing in the background lacks one."""

import json

import pytest

from tests.components.capture import Resource, Stack, captured
from tests.components.iam import service_is_allowed
from tests.components.needs import dead_letters

QUEUES = captured("dev").of("aws:sqs/queue:Queue")
KEPT = [dead_letters(subsystem) for subsystem in ("backtests", "market-data", "trading", "alerts")]
RULE = "arn:aws:events:eu-north-1:111122223333:rule/tickfold-dev-backtest-unsuccessful"


@pytest.mark.parametrize("queue", QUEUES, ids=lambda queue: queue.name)
def test_queue_is_encrypted_and_keeps_messages_for_two_weeks(queue: Resource) -> None:
    assert queue.inputs["sqsManagedSseEnabled"] is True
    assert queue.inputs["messageRetentionSeconds"] == 14 * 86_400


@pytest.mark.parametrize(
    ("service", "source", "allowed"),
    [
        ("events.amazonaws.com", RULE, True),
        ("events.amazonaws.com", f"{RULE}-of-another", False),
        ("events.amazonaws.com", RULE.replace("111122223333", "444455556666"), False),
        ("sns.amazonaws.com", RULE, False),
    ],
)
def test_only_eventbridge_may_send_and_only_for_the_stack_s_rules(
    dev: Stack, service: str, source: str, allowed: bool
) -> None:
    policy = dev.one("aws:sqs/queuePolicy:QueuePolicy", "-backtests-dead-letters-policy").inputs
    queue = dead_letters("backtests")
    assert policy["queueUrl"].endswith(queue.rpartition(":")[2])
    context = {"aws:SourceArn": source}
    document = json.loads(policy["policy"])
    assert service_is_allowed(document, service, "sqs:SendMessage", queue, context) == allowed


def test_every_target_of_a_rule_has_a_queue_that_takes_its_events_and_a_bounded_retry(dev: Stack) -> None:
    policies = [json.loads(each.inputs["policy"]) for each in dev.of("aws:sqs/queuePolicy:QueuePolicy")]
    for target in dev.of("aws:cloudwatch/eventTarget:EventTarget"):
        rule = f"{RULE.rpartition('/')[0]}/{target.inputs['rule']}"
        queue, context = target.inputs["deadLetterConfig"]["arn"], {"aws:SourceArn": rule}
        takes = [
            service_is_allowed(each, "events.amazonaws.com", "sqs:SendMessage", queue, context) for each in policies
        ]
        assert takes.count(True) == 1, target.name
        assert target.inputs["retryPolicy"]["maximumEventAgeInSeconds"] <= 3_600, target.name


def test_every_function_that_eventbridge_invokes_keeps_its_failed_events(dev: Stack) -> None:
    # EventBridge invokes asynchronously: its own retries cover the handing over only.
    targets = [target.inputs["arn"] for target in dev.of("aws:cloudwatch/eventTarget:EventTarget")]
    targets += [schedule.inputs["target"]["arn"] for schedule in dev.of("aws:scheduler/schedule:Schedule")]
    invoked = {arn.split(":")[-2] for arn in targets}
    configured = {}
    for config in dev.of("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"):
        configured[config.inputs["functionName"]] = config.inputs
        assert config.inputs["qualifier"] == "live"
        assert config.inputs["destinationConfig"]["onFailure"]["destination"] in KEPT
        assert config.inputs["maximumRetryAttempts"] <= 2
        assert config.inputs["maximumEventAgeInSeconds"] <= 6 * 3_600
    assert configured.keys() == invoked


def test_failed_events_are_kept_once_the_role_may_send(dev: Stack) -> None:
    policy = dev.one("aws:iam/rolePolicy:RolePolicy", "-report-failure-policy")
    config = dev.one("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "-report-failure")
    assert policy.urn in dev.waits_for(config)
