"""What help and completion load: they take no longer than what they import."""

import subprocess
import sys

import pytest

LOADED = """
import sys
sys.argv = ["tickfold", *sys.argv[1:]]
from tickfold.cli import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""
SLOW = {
    "asyncio",
    "boto3",
    "botocore",
    "embedded",
    "numpy",
    "pandas",
    "plotly",
    "pulumi",
    "pyarrow",
    "rich",
    "websockets",
}

MESSAGES = {f"tickfold.protocol.{area}" for area in ("backtests", "connection", "messages", "requests", "sweeps")}
"""What is sent and received: help needs the configs alone, whose fields are options."""


def loaded_by(*arguments: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, check=True)
    assert "Usage: tickfold" in done.stdout or done.stdout.startswith("tickfold 0")
    modules = done.stderr.split()
    return {*modules, *(name.partition(".")[0] for name in modules)}


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_loads_no_command(argument: str) -> None:
    # pydantic: Typer reads values of options by it, once a command is named.
    assert loaded_by(argument) & (SLOW | {"pydantic"}) == set()


@pytest.mark.parametrize(
    "command",
    [
        "up",
        "run",
        "sweep",
        "backtest",
        "attach",
        "cancel",
        "query",
        "runs",
        "report",
        "watch",
        "feed",
        "feed list",
        "data",
        "data load",
    ],
)
def test_help_of_command_loads_none_of_its_work(command: str) -> None:
    assert loaded_by(*command.split(), "--help") & (SLOW | MESSAGES) == set()
