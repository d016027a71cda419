"""A step of the workflow: what it records and raises when its work fails."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from functions.backtests.step import Event, step
from tests.backtests.records import begin
from tickfold.backtests.run import Failure
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.errors import NOT_RETRYABLE, RunError, StrategyFailedError

CONTEXT: Any = SimpleNamespace(
    function_name="simulate", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="1"
)
EVENT: Event = {"run_id": "r1", "chunk": 3}


@dataclass(frozen=True)
class Given:
    runs: RunLifecycle


def handle(runs: RunLifecycle, error: BaseException | None = None, **more: Any) -> Event:
    """Invoke a step that raises `error`."""

    def work(event: Event, given: Given) -> Event:
        assert given.runs is runs
        if error:
            raise error
        return {"chunk": event["chunk"]}

    return step("simulate", work, lambda: Given(runs), **more)(EVENT, CONTEXT)


def failure(runs: RunLifecycle) -> Failure | None:
    run = runs.get("r1")
    assert run is not None
    return run.failure


def test_a_step_returns_the_output_of_its_work(runs: RunLifecycle, caplog: pytest.LogCaptureFixture) -> None:
    begin(runs)
    assert handle(runs) == {"chunk": 3}
    assert failure(runs) is None
    assert caplog.messages == ["the step is done"]


@pytest.mark.parametrize("error", [RunError("no bars"), StrategyFailedError("no bars"), RunError("no bars", "limit")])
def test_an_error_that_is_not_retryable_is_raised_as_the_class_that_is_never_retried(
    runs: RunLifecycle, error: RunError
) -> None:
    begin(runs)
    with pytest.raises(RunError, match=r"^no bars$") as caught:
        handle(runs, error)
    assert type(caught.value).__name__ == NOT_RETRYABLE == "RunError"  # Lambda's errorType
    assert caught.value.__cause__ is error
    assert failure(runs) == Failure("simulate", "no bars")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            MemoryError(),
            "simulate failed: it ran out of memory: choose fewer bars, or raise tickfold:simulateMemory",
        ),
        (OSError("secret"), "simulate failed with an internal error (OSError); its log says more"),
    ],
)
def test_a_retryable_error_is_raised_as_it_is(runs: RunLifecycle, error: Exception, reason: str) -> None:
    begin(runs)
    with pytest.raises(type(error)) as caught:
        handle(runs, error)
    assert caught.value is error
    assert failure(runs) == Failure("simulate", reason)


def test_the_reason_names_the_part_of_the_stage(runs: RunLifecycle) -> None:
    begin(runs)
    with pytest.raises(RunError, match=r"^no bars$"):
        handle(runs, RunError("no bars"), part=lambda event: f"chunk {event['chunk']}: ")
    assert failure(runs) == Failure("simulate", "chunk 3: no bars")


def test_a_failure_that_cannot_be_recorded_hides_nothing(runs: RunLifecycle, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(OSError, match="no network"):  # the run is unknown
        handle(runs, OSError("no network"))
    assert caplog.messages == ["the step failed", "the failure could not be recorded"]
