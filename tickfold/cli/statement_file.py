"""An SQL statement that is read from a file or from standard input."""

import sys
from pathlib import Path

from tickfold.cli.exit_codes import UsageError


def read_statement(name: str) -> str:
    """Return the text of the file `name`, or of standard input if that is `-`.

    Raises:
        UsageError: it cannot be read, or is not UTF-8.
    """
    try:
        # A byte order mark, which some editors write, is no part of the statement.
        return (sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()).decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"--file: {name} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"--file: {name} is not UTF-8 (byte {error.start}): save it as UTF-8") from None
