"""A step of the workflow: logs under the run's id, records why it failed, and tells Step Functions whether to retry."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, TypeVar

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from tickfold.backtests.failure import reason_of
from tickfold.backtests.run_store import RunStore
from tickfold.errors import AtCapacityError, RunError, is_retryable
from tickfold.protocol import Stage

logger = Logger()

Event = dict[str, Any]
Handler = Callable[[Event, LambdaContext], Event]


class Dependencies(Protocol):
    """What every step works with."""

    @property
    def runs(self) -> RunStore: ...


D = TypeVar("D", bound=Dependencies)


def _whole_stage(_event: Event) -> str:
    return ""


def step(
    stage: Stage,
    work: Callable[[Event, D], Event],
    dependencies: Callable[[], D],
    *,
    part: Callable[[Event], str] = _whole_stage,
) -> Handler:
    """Return the handler that does `work`, a function of a step's input and its dependencies that returns the output.

    The reason of a failure is recorded in the run, for the report; `part` says which part of the stage it concerns.
    An error that is not retryable is raised as exactly the class that the state machine does not retry. A step that
    waits has not failed: nothing is recorded.
    """

    @wraps(work)
    @logger.inject_lambda_context(clear_state=True)
    def handler(event: Event, _context: LambdaContext) -> Event:
        logger.append_keys(run_id=event["run_id"], stage=stage)
        needed = dependencies()
        try:
            output = work(event, needed)
        except AtCapacityError as wait:
            logger.info("the step waits", reason=str(wait))
            raise
        except Exception as error:
            logger.exception("the step failed")
            _note(needed.runs, event["run_id"], stage, part(event) + reason_of(error, stage))
            if is_retryable(error):
                raise
            raise RunError(str(error)) from error
        logger.info("the step is done")
        return output

    return handler


def _note(runs: RunStore, run_id: str, stage: Stage, reason: str) -> None:
    try:
        runs.note_failure(run_id, stage, reason)
    except Exception:
        # The step's own error is the one to raise; without the record the report says what Step Functions caught.
        logger.exception("the failure could not be recorded")
