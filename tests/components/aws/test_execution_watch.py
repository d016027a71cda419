"""The watch over executions: which ends it hears of, and what it passes on."""

import json

from tests.components.capture import Stack


def test_it_hears_of_every_end_without_a_result_of_this_machine_only(dev: Stack) -> None:
    rule = dev.one("aws:cloudwatch/eventRule:EventRule").inputs
    assert json.loads(rule["eventPattern"]) == {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "stateMachineArn": ["arn:aws:states:eu-north-1:111122223333:stateMachine:tickfold-dev-backtest"],
            "status": ["ABORTED", "FAILED", "TIMED_OUT"],
        },
    }


def test_it_passes_on_the_whole_event(dev: Stack) -> None:
    target = dev.one("aws:cloudwatch/eventTarget:EventTarget").inputs
    assert target["arn"].endswith(":function:tickfold-dev-report-failure:live")
    assert not {"input", "inputPath", "inputTransformer"} & target.keys()


def test_it_does_not_give_up_at_once(dev: Stack) -> None:
    policy = dev.one("aws:cloudwatch/eventTarget:EventTarget").inputs["retryPolicy"]
    assert policy == {"maximumEventAgeInSeconds": 3_600, "maximumRetryAttempts": 10}
