"""The session that docs/reference/protocol.md shows, typed into the wscat that a user would type it into."""

import json
import os
import pty
import re
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.conversation import Json
from tickfold.protocol import dump, parse_message

ROOT = Path(__file__).parents[2]
WSCAT = ROOT / "build/wscat/node_modules/.bin/wscat"
SECONDS = 30
PROMPT = b"Connected (press CTRL+C to quit)"
HEARD = re.compile(rb"< (\{.*?\})\x1b\[39m\r*\n")


class Terminal:
    """A wscat in a terminal of its own. Only there does it say that it is connected, and what came from the server."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._shown = b""

    def type(self, line: str) -> None:
        """Type a line and press Enter."""
        os.write(self._descriptor, line.encode() + b"\r")

    def wait_for(self, pattern: re.Pattern[bytes]) -> re.Match[bytes]:
        """Wait until the terminal shows `pattern`; forget what it showed up to there."""
        deadline = time.monotonic() + SECONDS
        while not (found := pattern.search(self._shown)):
            readable, _, _ = select.select([self._descriptor], [], [], max(0.0, deadline - time.monotonic()))
            assert readable, f"{pattern.pattern!r} did not come in {SECONDS} s; there is: {self._shown[-2_000:]!r}"
            self._shown += os.read(self._descriptor, 65_536)
        self._shown = self._shown[found.end() :]
        return found

    def hear(self) -> Json:
        """Wait for the next message of the server; it must be one of the protocol."""
        text = self.wait_for(HEARD)[1]
        heard: Json = json.loads(text)
        assert json.loads(dump(parse_message(text))) == heard
        return heard


@contextmanager
def terminal(command: list[str]) -> Iterator[Terminal]:
    """Run `command` in a terminal and leave it by Ctrl-C, as a user would."""
    ours, its = pty.openpty()
    process = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, start_new_session=True)
    os.close(its)
    try:
        yield Terminal(ours)
        os.write(ours, b"\x03")
        assert process.wait(SECONDS) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def the_session() -> list[tuple[str, list[str]]]:
    """Return each line that the page says to type, and the types of the messages that it promises."""
    page = (ROOT / "docs/reference/protocol.md").read_text()
    (block,) = re.findall(r"```\n(\{.+?)\n```", page.split("## By hand", 1)[1], re.DOTALL)
    said: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("< "):
            said[-1][1].append(line.removeprefix("< "))
        else:
            said.append((line, []))
    return said


def hear_types(client: Terminal, promised: list[str]) -> list[Json]:
    """Wait for the messages that are promised, in order; between them may be others of a run."""
    heard: list[Json] = []
    for kind in promised:
        heard.append(client.hear())
        while heard[-1]["type"] != kind:
            assert heard[-1]["type"] in ("planned", "progress", "partial", "accepted", "result"), heard[-1]
            heard.append(client.hear())
    return heard


def test_the_session_of_the_page_goes_as_it_says(url: str) -> None:
    assert WSCAT.exists(), "wscat is missing: `make wscat` installs it"
    assert shutil.which("node"), "wscat needs `node` on the PATH: `make wscat` says how"
    session = the_session()
    assert len(session) == 12
    run_id, followed = "RUN", 0
    with terminal([str(WSCAT), "--connect", url]) as client:
        client.wait_for(re.compile(re.escape(PROMPT)))
        for line, promised in session:
            client.type(line.replace("RUN", run_id))
            heard = hear_types(client, promised)
            sent = json.loads(line)
            if "correlationId" in sent:
                assert sent["correlationId"] in {message.get("correlationId") for message in heard}
            if promised == ["accepted", "result"]:
                run_id, followed = heard[0]["runId"], heard[-1]["sequence"]
                assert {message["sequence"] for message in heard} == {*range(1, followed + 1)}
            if promised == ["accepted"]:
                assert heard[-1]["runId"] == run_id  # the same run, not another
            if promised == ["resumed"]:
                assert heard[-1]["lastSequence"] == followed
            if promised == ["runs"]:
                assert run_id in {run["runId"] for run in heard[-1]["runs"]}
