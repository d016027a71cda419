"""Every `tickfold` command that the README and the pages show works as it stands there."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from string import Template

import pytest

from embedded.stack import EmbeddedStack
from tests.golden import GOOG

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    "docs/how-to/deploy.md",
    "docs/how-to/sweep-and-walk-forward.md",
    "docs/how-to/set-up-identity.md",
    "docs/how-to/use-the-client.md",
)
COMMAND = re.compile(r"^(?:(\w+)=\$\()?\.venv/bin/tickfold (.+?)\)?$", re.MULTILINE)
"""A line with a command; its output may be kept under a name, for the lines below it."""


def commands(page: str) -> list[tuple[str, str]]:
    """Return the commands in a page, each with the name that its output is kept under, if any.

    `up` is left out: it stays in the foreground, and has tests of its own.
    """
    found = COMMAND.findall((ROOT / page).read_text())
    assert found
    return [(name, command) for name, command in found if command != "up"]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_works(stack: EmbeddedStack, tmp_path: Path, page: str) -> None:
    (tmp_path / "my_bars.csv").write_text(GOOG.read_text())
    (tmp_path / "outputs.json").write_text(json.dumps(stack.outputs))
    environment = {
        "PATH": "/usr/bin:/bin",
        "TICKFOLD_STATE_DIR": os.environ["TICKFOLD_STATE_DIR"],
        # What stands for the account when a command names its stack by --stack-outputs.
        "AWS_ENDPOINT_URL": stack.endpoint_url,
        "AWS_ACCESS_KEY_ID": stack.credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": stack.credentials.secret_access_key,
    }
    kept: dict[str, str] = {}
    for name, line in commands(page):
        command = Template(line).safe_substitute(kept)
        # Only the embedded stack has an issuer that the command line knows.
        named = {"TICKFOLD_TOKEN": stack.token()} if "--stack-outputs" in command else {}
        ended = subprocess.run(
            [Path(sys.executable).with_name("tickfold"), *shlex.split(command)],
            cwd=tmp_path,
            env=environment | named,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, f"tickfold {command}\n{ended.stderr}"
        assert ended.stdout
        kept |= {name: ended.stdout.strip()} if name else {}


def test_every_target_of_make_in_a_page_exists() -> None:
    text = "".join((ROOT / page).read_text() for page in PAGES)
    targets = set(re.findall(r"\bmake ([a-z]+)", text))
    makefile = (ROOT / "Makefile").read_text()
    assert {"demo", "test", "setup", "package"} <= targets
    assert [target for target in targets if f"\n{target}:" not in makefile] == []


def test_every_link_between_pages_leads_somewhere() -> None:
    pages = [page for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")) if page.parent.name != "generate"]
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text())]
    assert links
    assert [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()] == []
