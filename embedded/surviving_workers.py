"""A worker whose handler raised an exception is used again, as on AWS.

MiniStack ends it, so that every retry would pay for a cold start.
"""

from typing import Any, Final

from ministack.core import lambda_runtime

_FAILED: Final = '{"status": "error", "error": str(e), "trace": traceback.format_exc()}'
_SURVIVED: Final = _FAILED.replace('"error"', '"ok"', 1)
"""What a worker writes when its handler raised: MiniStack ends those that write an error."""


def keep_workers_that_raise() -> None:
    """Let the emulator keep a worker whose handler raised an exception."""
    lambda_runtime._PYTHON_WORKER_SCRIPT = surviving(lambda_runtime._PYTHON_WORKER_SCRIPT)
    invoke = lambda_runtime.Worker.invoke

    def invoke_and_keep(*arguments: Any, **options: Any) -> dict[str, Any]:
        return reported(invoke(*arguments, **options))

    lambda_runtime.Worker.invoke = invoke_and_keep


def surviving(script: str) -> str:
    """Return a worker's script that reports an exception in such a way that MiniStack keeps the worker.

    Raises:
        RuntimeError: it is the script of a MiniStack that this module does not know.
    """
    if script.count(_FAILED) != 1:
        raise RuntimeError("this MiniStack's workers report exceptions in another way than its predecessors'")
    return script.replace(_FAILED, _SURVIVED)


def reported(response: dict[str, Any]) -> dict[str, Any]:
    """Return what a worker answered, as an error if its handler raised."""
    return response | {"status": "error"} if "error" in response else response
