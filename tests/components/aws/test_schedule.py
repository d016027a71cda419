"""Schedules: their rate, and that an invocation which cannot be handed over is given up when the next one is due."""

from tests.components.capture import Stack


def test_runs_are_reconciled_every_five_minutes(dev: Stack) -> None:
    rule = dev.one("aws:cloudwatch/eventRule:EventRule", "-reconcile-schedule").inputs
    assert (rule["name"], rule["scheduleExpression"]) == ("tickfold-dev-reconcile", "rate(5 minutes)")
    assert rule["description"] == "Ends runs whose execution is not running"
    assert "eventPattern" not in rule


def test_an_invocation_is_not_repeated_since_the_next_makes_up_for_it(dev: Stack) -> None:
    target = dev.one("aws:cloudwatch/eventTarget:EventTarget", "-reconcile-schedule-target").inputs
    assert target["retryPolicy"] == {"maximumEventAgeInSeconds": 300, "maximumRetryAttempts": 0}
    config = dev.one("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "-reconcile").inputs
    assert (config["maximumRetryAttempts"], config["maximumEventAgeInSeconds"]) == (0, 300)


def test_portfolios_are_exported_every_hour(dev: Stack) -> None:
    rule = dev.one("aws:cloudwatch/eventRule:EventRule", "-export-portfolios-schedule").inputs
    assert (rule["name"], rule["scheduleExpression"]) == ("tickfold-dev-export-portfolios", "rate(60 minutes)")
    config = dev.one("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "-export-portfolios").inputs
    assert (config["maximumRetryAttempts"], config["maximumEventAgeInSeconds"]) == (1, 3_600)
