"""The error types that the emulator reports of handlers."""

import traceback
from typing import Any

import pytest

from embedded.error_types import error_type, named
from tickfold.errors import RunError


def trace_of(error: Exception, cause: Exception | None = None) -> str:
    try:
        raise error from cause
    except Exception:
        return traceback.format_exc()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RunError("no bars"), "RunError"),
        (RunError("two\nlines: of text"), "RunError"),
        (KeyError("x"), "KeyError"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_error_type_is_the_class_that_the_trace_ends_with(error: Exception, kind: str) -> None:
    assert error_type("START RequestId\n" + trace_of(error)) == kind
    assert error_type(trace_of(error, cause=OSError("no network"))) == kind


def test_log_without_a_trace_has_no_error_type() -> None:
    assert error_type("Error: nothing of the kind\n") is None


def test_other_results_are_left_as_they_are() -> None:
    ended: list[dict[str, Any]] = [
        {"body": {"errorType": "Runtime.HandlerError"}, "log": trace_of(KeyError())},
        {"error": True, "body": {"errorType": "Sandbox.Timedout"}, "log": trace_of(KeyError())},
        {"error": True, "body": "text", "log": ""},
    ]
    assert [named(result) for result in ended] == ended
    failed = {"error": True, "body": {"errorType": "Runtime.HandlerError", "errorMessage": "x"}}
    assert named(failed | {"log": trace_of(RunError("x"))})["body"] == {"errorType": "RunError", "errorMessage": "x"}
