"""The execution watch: the pattern of its rule, and its target."""

import json

from tests.components.capture import Stack
from tests.components.needs import dead_letters


def test_rule_matches_unsuccessful_executions_of_this_machine_only(dev: Stack) -> None:
    rule = dev.one("aws:cloudwatch/eventRule:EventRule", "-unsuccessful").inputs
    assert json.loads(rule["eventPattern"]) == {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "stateMachineArn": ["arn:aws:states:eu-north-1:111122223333:stateMachine:tickfold-dev-backtest"],
            "status": ["ABORTED", "FAILED", "TIMED_OUT"],
        },
    }


def test_target_receives_the_whole_event(dev: Stack) -> None:
    target = dev.one("aws:cloudwatch/eventTarget:EventTarget", "-unsuccessful-target").inputs
    assert target["arn"].endswith(":function:tickfold-dev-report-failure:live")
    assert not {"input", "inputPath", "inputTransformer"} & target.keys()
    assert target["rule"] == "tickfold-dev-backtest-unsuccessful"
    assert target["targetId"] == "report-failure"


def test_target_depends_on_the_permission_to_invoke(dev: Stack) -> None:
    permission = dev.one("aws:lambda/permission:Permission", "-unsuccessful-permission")
    assert permission.urn in dev.one("aws:cloudwatch/eventTarget:EventTarget", "-unsuccessful-target").depends_on


def test_rule_says_what_it_is_for(dev: Stack) -> None:
    rule = dev.one("aws:cloudwatch/eventRule:EventRule", "-unsuccessful").inputs
    assert rule["description"] == "Executions that ended without success"


def test_target_is_retried_for_an_hour_and_then_kept(dev: Stack) -> None:
    target = dev.one("aws:cloudwatch/eventTarget:EventTarget", "-unsuccessful-target").inputs
    assert target["retryPolicy"] == {"maximumEventAgeInSeconds": 3_600, "maximumRetryAttempts": 10}
    assert target["deadLetterConfig"] == {"arn": dead_letters("backtests")}
