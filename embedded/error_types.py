"""The error types of Lambda handlers: an exception's class, as on AWS, where MiniStack has one name for all of them.

The workflow retries by the error type; without it, an error that is never retried on AWS would be tried three times.
"""

import re
from typing import Any, Final

from ministack.services import lambda_svc

_UNKNOWN: Final = "Runtime.HandlerError"
_TRACE: Final = "Traceback (most recent call last):\n"


def report_error_types() -> None:
    """Let the emulator report the class of a handler's exception."""
    invoke = lambda_svc._execute_function_warm

    def invoke_and_name(*arguments: Any) -> dict[str, Any]:
        return named(invoke(*arguments))

    lambda_svc._execute_function_warm = invoke_and_name


def named(result: dict[str, Any]) -> dict[str, Any]:
    """Return the result of an invocation, with the class of the exception that ended it as its error type."""
    body = result.get("body")
    if not (result.get("error") and isinstance(body, dict) and body.get("errorType") == _UNKNOWN):
        return result
    kind = error_type(str(result.get("log", "")))
    return result | {"body": body | {"errorType": kind}} if kind else result


def error_type(log: str) -> str | None:
    """Return the class of the exception whose stack trace ends `log`; None if there is none."""
    _, _, last = log.rpartition(_TRACE)
    found = re.search(r"^(?:\w+\.)*(\w+)(?::|$)", last, re.M) if last != log else None
    return found[1] if found else None
