"""Every `tickfold` command that README.md and the pages show works as written."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from string import Template

import pytest

from embedded.stack import EmbeddedStack
from tests.cli.conftest import Command, Ended, tickfold
from tests.golden import GOOG

__all__ = ["tickfold"]

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = [README, ROOT / "strategies/README.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMAND = re.compile(r"^(?:(\w+)=\$\()?\.venv/bin/tickfold (.+?)\)?$", re.MULTILINE)
"""A line with a command; its output may be assigned to a variable, for the lines below it."""
FENCED = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COVERED_ELSEWHERE = {"docs/tutorial/own-strategy.md": "tests/e2e/test_own_strategies.py"}
"""Pages whose commands need a stack of their own: page → the test that runs them."""


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def commands(page: Path) -> list[tuple[str, str]]:
    """Return the commands in a page, each with the variable that its output is assigned to, if any.

    `up` is left out: it stays in the foreground, and has tests of its own.
    """
    return [(name, command) for name, command in COMMAND.findall(page.read_text()) if command != "up"]


WITH_COMMANDS = [page for page in PAGES if commands(page) and name_of(page) not in COVERED_ELSEWHERE]


@pytest.fixture
def environment(stack: EmbeddedStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A directory with the files that the pages name, and all that commands may take from the environment."""
    (tmp_path / "my_bars.csv").write_text(GOOG.read_text())
    (tmp_path / "outputs.json").write_text(json.dumps(stack.outputs))
    monkeypatch.chdir(tmp_path)
    return {
        "PATH": "/usr/bin:/bin",
        "TICKFOLD_STATE_DIR": os.environ["TICKFOLD_STATE_DIR"],
        # What stands for the account when a command names its stack by --stack-outputs.
        "AWS_ENDPOINT_URL": stack.endpoint_url,
        "AWS_ACCESS_KEY_ID": stack.credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": stack.credentials.secret_access_key,
    }


def assert_commands_work(page: Path, stack: EmbeddedStack, run: Callable[[list[str], dict[str, str]], Ended]) -> None:
    """Let `run` run the commands of a page with their arguments and further variables, one after the other."""
    variables: dict[str, str] = {}
    for name, line in commands(page):
        command = Template(line).safe_substitute(variables)
        # Only the embedded stack has an issuer that the command line knows.
        token = {"TICKFOLD_TOKEN": stack.token()} if "--stack-outputs" in command else {}
        ended = run(shlex.split(command), token)
        assert ended.status == 0, f"tickfold {command}\n{ended.stderr}"
        assert ended.stdout
        variables |= {name: ended.stdout.strip()} if name else {}


def test_every_command_of_the_readme_works_in_a_process_of_its_own(
    stack: EmbeddedStack, environment: dict[str, str]
) -> None:
    def run(arguments: list[str], variables: dict[str, str]) -> Ended:
        command = [str(Path(sys.executable).with_name("tickfold")), *arguments]
        ended = subprocess.run(command, env=environment | variables, capture_output=True, text=True, check=False)
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    assert_commands_work(README, stack, run)


@pytest.mark.parametrize("page", [page for page in WITH_COMMANDS if page != README], ids=name_of)
def test_every_command_of_a_page_works(
    stack: EmbeddedStack,
    environment: dict[str, str],
    tickfold: Command,
    monkeypatch: pytest.MonkeyPatch,
    page: Path,
) -> None:
    def run(arguments: list[str], variables: dict[str, str]) -> Ended:
        with monkeypatch.context() as own:
            for name in os.environ:
                own.delenv(name)
            for name, value in (environment | variables).items():
                own.setenv(name, value)
            return tickfold(*arguments)

    assert_commands_work(page, stack, run)


def test_every_shell_line_with_tickfold_is_run_as_a_command() -> None:
    lines = [line for page in PAGES for block in FENCED.findall(page.read_text()) for line in block.splitlines()]
    shown = [line for line in lines if re.search(r"(^|[/(])tickfold\s", line) and not line.startswith("wscat")]
    assert len(shown) > 40
    assert [line for line in shown if not COMMAND.match(line)] == []


@pytest.mark.parametrize(("page", "test"), COVERED_ELSEWHERE.items())
def test_page_with_a_stack_of_its_own_is_covered(page: str, test: str) -> None:
    assert commands(ROOT / page)
    assert page in (ROOT / test).read_text()


def test_every_make_target_of_a_page_exists() -> None:
    text = "".join(page.read_text() for page in PAGES)
    targets = set(re.findall(r"(?:^|`)make ([a-z0-9]+)", text, re.MULTILINE))
    makefile = (ROOT / "Makefile").read_text()
    assert {"demo", "test", "setup", "package", "docs"} <= targets
    assert [target for target in targets if f"\n{target}:" not in makefile] == []
