"""What a client is told of a failure, and what it is not."""

import json

import pytest

from tickfold.backtests.failure import is_before, reason_of, reason_of_state
from tickfold.errors import RunError

DENIED = (
    "An error occurred (AccessDenied) when calling the PutObject operation: User: "
    "arn:aws:sts::000000000000:assumed-role/simulate-role/simulate is not authorized to perform: s3:PutObject on "
    "resource: arn:aws:s3:::a-bucket/data/chunks/x because no identity-based policy allows the s3:PutObject action"
)


def test_the_domains_own_error_is_told_word_for_word() -> None:
    assert reason_of(RunError("no bars in 1999"), "plan") == "no bars in 1999"


def test_a_refused_call_names_the_action_and_nothing_else() -> None:
    reason = reason_of(Exception(DENIED), "simulate")
    assert reason == "simulate failed: its role does not allow s3:PutObject"


def test_of_any_other_error_only_the_kind_is_told() -> None:
    reason = reason_of(ValueError("password=hunter2"), "reduce")
    assert reason == "reduce failed with an internal error (ValueError); its log says more"


@pytest.mark.parametrize(
    ("error", "cause", "said"),
    [
        ("RunError", {"errorType": "RunError", "errorMessage": "no bars"}, "no bars"),
        ("Runtime.HandlerError", {"errorMessage": DENIED}, "simulate failed: its role does not allow s3:PutObject"),
        ("Sandbox.Timedout", {"errorMessage": "task timed out after 60 seconds"}, "ran out of time"),
        ("States.ExceedToleratedFailureThreshold", {}, "a worker crashed without saying why"),
        ("KeyError", {"errorMessage": "'x'", "stackTrace": ["/var/task/secret.py"]}, "internal error"),
    ],
)
def test_what_step_functions_caught_is_explained_without_a_trace(
    error: str, cause: dict[str, object], said: str
) -> None:
    reason = reason_of_state(error, json.dumps(cause), "simulate")
    assert said in reason
    assert "/var/task" not in reason
    assert "arn:" not in reason


@pytest.mark.parametrize("error", ["Runtime.OutOfMemory", "Runtime.ExitError", "MemoryError"])
def test_the_setting_is_named_that_gives_a_stage_more_memory(error: str) -> None:
    for stage in ("simulate", "reduce"):
        assert f"choose fewer bars, or raise tickfold:{stage}Memory;" in reason_of_state(error, "", stage)
    assert "Memory" not in reason_of_state(error, "", "plan")


def test_a_cause_that_is_not_json_is_survived() -> None:
    assert "internal error" in reason_of_state("X", "Traceback (most recent call last)", "plan")


def test_a_note_of_a_stage_that_was_passed_is_before_the_one_that_failed() -> None:
    assert is_before("simulate", "reduce")
    assert not is_before("simulate", "simulate")
    assert not is_before("reduce", "simulate")  # a reducer may fail before it has told that all chunks are done
