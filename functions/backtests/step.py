"""A step of the workflow: logs under the run's id, and records why it failed before it fails."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from tickfold.backtests.failure import reason_of
from tickfold.protocol import Stage

logger = Logger()

Event = dict[str, Any]
Handler = Callable[[Event, LambdaContext], Event]


def _all_of_it(_event: Event) -> str:
    return ""


def step(stage: Stage, *, part: Callable[[Event], str] = _all_of_it) -> Callable[[Callable[[Event], Event]], Handler]:
    """Make a handler of a function that takes a step's input and returns its output.

    The reason of a failure is kept in the run's record, for the report; `part` says which part of the stage it is of.
    """

    def decorate(work: Callable[[Event], Event]) -> Handler:
        @wraps(work)
        @logger.inject_lambda_context(clear_state=True)
        def handler(event: Event, _context: LambdaContext) -> Event:
            run_id = event["run_id"]
            logger.append_keys(run_id=run_id, stage=stage)
            try:
                output = work(event)
            except Exception as error:
                logger.exception("the step failed")
                _note(run_id, stage, part(event) + reason_of(error, stage))
                raise
            logger.info("the step is done")
            return output

        return handler

    return decorate


def _note(run_id: str, stage: Stage, reason: str) -> None:
    try:
        wiring.runs().note_failure(run_id, stage, reason)
    except Exception:
        # The step's own error is the one to raise; without the record the report has Step Functions' word for it.
        logger.exception("the failure could not be recorded")
