"""The page on the HTTP API: its requests work as written, with nothing but curl."""

import json
import re
import subprocess
from pathlib import Path

from embedded.stack import EmbeddedStack

PAGE = Path(__file__).parents[2] / "docs/how-to/use-the-http-api.md"


def test_requests_of_the_page_work_as_written(stack: EmbeddedStack, tmp_path: Path) -> None:
    (script,) = (block for block in re.findall(r"```sh\n(.+?)```", PAGE.read_text(), re.DOTALL) if "curl" in block)
    given = {"URL": stack.outputs["http_url"], "TOKEN": stack.token("ada"), "PATH": "/usr/bin:/bin"}
    # Each answer in a line of its own.
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("-sS", r"-sS -w '\n'")],
        cwd=tmp_path,
        env=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    whoami, bars, accepted, equity, trades = map(json.loads, done.stdout.strip().splitlines())
    assert whoami["userId"] == "ada"
    assert 50 < len(bars["candles"]) <= 100
    assert accepted["type"] == "accepted"
    assert equity["bars"] == 754
    assert len(trades["trades"]) == 10
