"""Workers of the emulator whose handlers raise exceptions."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from embedded.stack import EmbeddedStack
from embedded.surviving_workers import reported, surviving

FUNCTION = "counting"
COUNTING = """
import os
calls = 0

def handler(event, context):
    global calls
    calls += 1
    if event == "raise":
        raise KeyError(calls)
    if event == "exit":
        os._exit(1)
    return calls
"""


@pytest.fixture
def counting(stack: EmbeddedStack) -> Iterator[Any]:
    """A client of Lambda, with a function whose workers count their invocations."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("counting.py", COUNTING)
    client = stack.client("lambda")
    client.create_function(
        FunctionName=FUNCTION,
        Runtime="python3.13",
        Handler="counting.handler",
        Role=stack.client("iam").list_roles()["Roles"][0]["Arn"],
        Code={"ZipFile": package.getvalue()},
    )
    yield client
    client.delete_function(FunctionName=FUNCTION)


def invoke(client: Any, event: str) -> tuple[bool, Any]:
    """Return whether the invocation succeeded, and its payload."""
    answer = client.invoke(FunctionName=FUNCTION, Payload=json.dumps(event))
    return "FunctionError" not in answer, json.loads(answer["Payload"].read())


def test_worker_whose_handler_raised_serves_the_next_invocation(counting: Any) -> None:
    assert invoke(counting, "return") == (True, 1)
    assert invoke(counting, "raise") == (False, {"errorType": "KeyError", "errorMessage": "2"})
    assert invoke(counting, "return") == (True, 3)


def test_worker_that_exited_is_replaced(counting: Any) -> None:
    assert invoke(counting, "return") == (True, 1)
    succeeded, _ = invoke(counting, "exit")
    assert not succeeded
    assert invoke(counting, "return") == (True, 1)


def test_unknown_worker_script_is_refused() -> None:
    with pytest.raises(RuntimeError, match="in another way"):
        surviving("print('another way')")


def test_answer_without_an_error_is_left_as_it_is() -> None:
    answered = {"status": "ok", "result": {"error": "a handler's own"}}
    assert reported(answered) == answered
