"""The session shown in docs/reference/protocol.md, typed into wscat."""

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

from tests.e2e.websocket_client import Json
from tickfold.protocol import dump, parse_message

ROOT = Path(__file__).parents[2]
WSCAT = ROOT / "build/wscat/node_modules/.bin/wscat"
SECONDS = 30
PROMPT = b"Connected (press CTRL+C to quit)"
HEARD = re.compile(rb"< (\{.*?\})\x1b\[39m\r*\n")


class Terminal:
    """wscat in a pseudo-terminal; without one it does not print messages from the server."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._shown = b""

    def type(self, line: str) -> None:
        """Type a line and press Enter."""
        os.write(self._descriptor, line.encode() + b"\r")

    def wait_for(self, pattern: re.Pattern[bytes]) -> re.Match[bytes]:
        """Wait until the terminal shows `pattern`; discard the output up to it."""
        deadline = time.monotonic() + SECONDS
        while not (found := pattern.search(self._shown)):
            readable, _, _ = select.select([self._descriptor], [], [], max(0.0, deadline - time.monotonic()))
            assert readable, f"{pattern.pattern!r} did not come in {SECONDS} s; there is: {self._shown[-2_000:]!r}"
            self._shown += os.read(self._descriptor, 65_536)
        self._shown = self._shown[found.end() :]
        return found

    def receive(self) -> Json:
        """Wait for the next message from the server, which must be valid."""
        text = self.wait_for(HEARD)[1]
        received: Json = json.loads(text)
        assert json.loads(dump(parse_message(text))) == received
        return received


@contextmanager
def terminal(command: list[str]) -> Iterator[Terminal]:
    """Run `command` in a pseudo-terminal; end it by Ctrl-C."""
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


def documented_session() -> list[tuple[str, list[str]]]:
    """Return each line to type on the page, and the types of the messages that follow it."""
    page = (ROOT / "docs/reference/protocol.md").read_text()
    (block,) = re.findall(r"```\n(\{.+?)\n```", page.split("## By hand", 1)[1], re.DOTALL)
    lines: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("< "):
            lines[-1][1].append(line.removeprefix("< "))
        else:
            lines.append((line, []))
    return lines


def receive_types(client: Terminal, types: list[str]) -> list[Json]:
    """Wait for messages of these types, in order; other messages of a run may come between them."""
    received: list[Json] = []
    for kind in types:
        received.append(client.receive())
        while received[-1]["type"] != kind:
            assert received[-1]["type"] in ("planned", "progress", "partial", "accepted", "result"), received[-1]
            received.append(client.receive())
    return received


def test_documented_wscat_session_works(url: str) -> None:
    assert WSCAT.exists(), "wscat is missing: `make wscat` installs it"
    assert shutil.which("node"), "wscat needs `node` on the PATH: `make wscat` says how"
    session = documented_session()
    assert len(session) == 52
    run_id, followed = "RUN", 0
    with terminal([str(WSCAT), "--connect", url]) as client:
        client.wait_for(re.compile(re.escape(PROMPT)))
        for line, types in session:
            client.type(line.replace("RUN", run_id))
            received = receive_types(client, types)
            sent = json.loads(line)
            if "correlationId" in sent:
                assert sent["correlationId"] in {message.get("correlationId") for message in received}
            if types == ["accepted", "result"]:
                run_id, followed = received[0]["runId"], received[-1]["sequence"]
                assert {message["sequence"] for message in received} == {*range(1, followed + 1)}
            if types == ["accepted"]:
                assert received[-1]["runId"] == run_id  # the same run, not another
            if types == ["resumed"]:
                assert received[-1]["lastSequence"] == followed
            if types == ["runs"]:
                assert run_id in {run["runId"] for run in received[-1]["runs"]}
