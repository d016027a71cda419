"""The workflow: the state machine that carries out runs, in one execution each."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tickfold.backtests.run import Run

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


@dataclass(frozen=True)
class Workflow:
    """The state machine of backtests. An execution has the name of its run."""

    step_functions: "SFNClient"
    state_machine_arn: str

    def execution_arn(self, run_id: str) -> str:
        """Return the ARN of the execution that is, or will be, a run's."""
        return f"{self.state_machine_arn.replace(':stateMachine:', ':execution:')}:{run_id}"

    def start(self, run: Run, *, fetch: bool = False) -> bool:
        """Start the run's execution; return False, and do nothing, if it was started before.

        With `fetch` it first fetches the bars that the lake lacks.
        """
        given = {"run_id": run.run_id, "request": json.loads(run.request)} | ({"fetch": True} if fetch else {})
        try:
            self.step_functions.start_execution(
                stateMachineArn=self.state_machine_arn, name=run.run_id, input=json.dumps(given)
            )
        except self.step_functions.exceptions.ExecutionAlreadyExists:
            return False
        return True

    def describe(self, run: Run) -> Mapping[str, Any] | None:
        """Return the run's execution as Step Functions describes it, or None if it was not started."""
        try:
            return self.step_functions.describe_execution(executionArn=run.execution_arn)
        except self.step_functions.exceptions.ExecutionDoesNotExist:
            return None

    def stop(self, run: Run) -> None:
        """Stop the run's execution, if it was started and has not ended."""
        exceptions = self.step_functions.exceptions
        with suppress(exceptions.ExecutionDoesNotExist, exceptions.ValidationException):
            self.step_functions.stop_execution(
                executionArn=run.execution_arn, error="Cancelled", cause="cancelled by its owner"
            )
