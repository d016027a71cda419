"""The state machine: its type, logs, traces, and the order in which it and its policies are created."""

from tests.components.capture import Stack, captured

MACHINE = captured("dev").one("aws:sfn/stateMachine:StateMachine")


def test_state_machine_is_standard_as_a_distributed_map_requires() -> None:
    assert MACHINE.inputs["type"] == "STANDARD"


def test_state_machine_is_logged_and_traced(dev: Stack) -> None:
    group = dev.one("aws:cloudwatch/logGroup:LogGroup", "-backtest-logs")
    assert group.inputs["name"] == "/aws/vendedlogs/states/tickfold-dev-backtest"
    assert MACHINE.inputs["tracingConfiguration"] == {"enabled": True}
    assert MACHINE.inputs["loggingConfiguration"] == {
        "level": "ERROR",
        "includeExecutionData": True,
        "logDestination": f"arn:aws:logs:eu-north-1:111122223333:log-group:{group.inputs['name']}:*",
    }


def test_state_machine_depends_on_its_policy_and_the_map_s_policy_on_the_machine(dev: Stack) -> None:
    policy = dev.one("aws:iam/rolePolicy:RolePolicy", "-backtest-policy")
    map_policy = dev.one("aws:iam/rolePolicy:RolePolicy", "-distributed-map-policy")
    assert policy.urn in MACHINE.depends_on
    assert MACHINE.urn in map_policy.depends_on
    assert map_policy.inputs["role"] == policy.inputs["role"]
