"""The command line, `tickfold`. One command a file; `app` puts them together."""

import sys


def main() -> None:
    """Run the command that `sys.argv` names, and exit: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    try:
        # Imported here, so that Ctrl-C while Python still loads the libraries ends as quietly as later.
        from tickfold.cli.app import app  # noqa: PLC0415

        app(prog_name="tickfold")
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        from tickfold.cli.failure import report  # noqa: PLC0415

        report(error)
        sys.exit(1)
