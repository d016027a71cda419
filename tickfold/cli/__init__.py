"""The command line, `tickfold`. One command a file; `app` puts them together."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_INTERRUPTED = 130


def main() -> None:
    """Run the command that `sys.argv` names, and exit as `tickfold.cli.exit_codes` says."""
    try:
        # Imported here, so that Ctrl-C while Python still loads the libraries ends as quietly as later.
        from tickfold.cli.encoding import accept_any_text  # noqa: PLC0415

        accept_any_text()
        sys.exit(_run())
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except ModuleNotFoundError as missing:  # `pip install .` has what a notebook needs, and no command line
        sys.exit(f"tickfold: the command line needs the package {missing.name}: pip install 'tickfold[cli]'")


def _run() -> int:
    """Run the command, and return its exit code."""
    from tickfold.cli.app import app  # noqa: PLC0415
    from tickfold.cli.exit_codes import ExitCode, exit_code  # noqa: PLC0415

    try:
        code = _ended(app)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _discard_output()
        return ExitCode.PIPE_CLOSED
    except Exception as error:
        from tickfold.cli.failure import report  # noqa: PLC0415 - loads rich, which help does without

        try:
            report(error)
        except BrokenPipeError:
            _discard_output()
        return exit_code(error)


def _ended(app: Callable[..., Any]) -> int:
    """Run `app`, and return its exit code.

    Raises:
        BrokenPipeError: the output's reader has closed it.
    """
    try:
        app(prog_name="tickfold")
    except SystemExit as ended:
        # Both Click and Rich exit with 1 where they find the pipe closed.
        if isinstance(ended.__context__, BrokenPipeError):
            raise BrokenPipeError from None
        return int(ended.code or 0)
    return 0


def _discard_output() -> None:
    """Point stdout and stderr at nothing, as Python flushes them once more at its end."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.__stdout__, sys.__stderr__):
        with suppress(AttributeError, OSError):  # one that was closed from the start
            os.dup2(nothing, stream.fileno())  # type: ignore[union-attr]
