"""Step Functions: state machines."""

from typing import Any

from embedded.cloud import Cloud
from embedded.resources.creator import Inputs, Outputs, autoname, creates, pop_all


@creates("aws:sfn/stateMachine:StateMachine")
def state_machine(cloud: Cloud, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    machine_name = inputs.pop("name", None) or autoname(name)
    if logging := inputs.pop("loggingConfiguration", None):
        inputs["loggingConfiguration"] = _logging(dict(logging))
    tags = [{"key": key, "value": value} for key, value in inputs.pop("tags", {}).items()]
    # This API spells its members as Pulumi does, with a small first letter.
    arn = cloud.client("stepfunctions").create_state_machine(name=machine_name, tags=tags, **pop_all(inputs))[
        "stateMachineArn"
    ]
    return arn, {"arn": arn, "name": machine_name}


def _logging(logging: Inputs) -> dict[str, Any]:
    if destination := logging.pop("logDestination", None):
        logging["destinations"] = [{"cloudWatchLogsLogGroup": {"logGroupArn": destination}}]
    return logging
