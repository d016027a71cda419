"""The emulator process: failures to start, and what is left of it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from embedded.emulator import Emulator, EmulatorError, responds


def use_program(monkeypatch: pytest.MonkeyPatch, directory: Path, script: str) -> None:
    """Start a shell script in place of Python."""
    program = directory / "program"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setattr("embedded.emulator.sys.executable", str(program))


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    emulator = Emulator()
    yield emulator
    emulator.stop()
    assert not emulator.directory.exists()


def test_process_that_exits_while_starting_is_reported_with_its_output(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use_program(monkeypatch, tmp_path, "seq 20")
    with pytest.raises(EmulatorError) as caught:
        emulator.start()
    lines = str(caught.value).splitlines()
    assert lines == ["the emulator exited while starting; its last output:", *map(str, range(6, 21))]


def test_process_that_does_not_respond_times_out(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use_program(monkeypatch, tmp_path, "exec sleep 60")
    monkeypatch.setattr("embedded.emulator.START_SECONDS", 0.2)
    began = time.monotonic()
    with pytest.raises(EmulatorError, match=f"did not respond at {emulator.endpoint_url} within 0 s"):
        emulator.start()
    assert 0.1 < time.monotonic() - began < 10


def test_process_that_ignores_its_parent_is_killed(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use_program(monkeypatch, tmp_path, "exec sleep 60")
    monkeypatch.setattr("embedded.emulator.START_SECONDS", 0.2)
    monkeypatch.setattr("embedded.emulator.STOP_SECONDS", 0.2)
    with pytest.raises(EmulatorError):
        emulator.start()
    began = time.monotonic()
    emulator.stop()
    emulator.stop()
    assert time.monotonic() - began < 10


def test_process_gets_the_stacks_settings_and_no_others(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("LANG", "C.UTF-8")
    use_program(monkeypatch, tmp_path, f"env > {tmp_path}/env; echo $@ >> {tmp_path}/env")
    with pytest.raises(EmulatorError):
        emulator.start()
    found = (tmp_path / "env").read_text().splitlines()
    assert f"-m embedded.watchdog {emulator.directory}" in found
    assert {"AUTH=true", "BIND_HOST=127.0.0.1", f"GATEWAY_PORT={emulator.port}", "LANG=C.UTF-8", "TZ=UTC"} <= set(found)
    assert not [line for line in found if line.startswith("AWS_")]
    assert emulator.directory.stat().st_mode & 0o777 == 0o700


@contextmanager
def health(status: int) -> Iterator[str]:
    """Serve `status` at the path of the emulator's health check."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/_ministack/health" else 404)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_emulator_responds_if_its_health_check_does(status: int, healthy: bool) -> None:
    with health(status) as url:
        assert responds(url) is healthy
    assert not responds(url)
