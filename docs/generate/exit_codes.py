"""The page of exit codes, from the command line's own list."""

from tickfold.cli.exit_codes import ExitCode

INTRODUCTION = """# Exit codes

Generated from `tickfold/cli/exit_codes.py` by `make docs`; edit that, not this page. Every command ends with one of
these; `tickfold --help` lists them too.

| code | kind | meaning |
|---|---|---|
"""


def render() -> str:
    """Return the page."""
    return INTRODUCTION + "".join(f"| {code.value} | {code.label} | {code.meaning} |\n" for code in ExitCode)
