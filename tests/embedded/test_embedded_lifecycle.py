"""Lifecycle of the embedded stack: however it ends, it leaves no process, no listening port and no file."""

import io
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded import record
from embedded.account import REGION, Credentials
from embedded.cloud import Cloud
from embedded.deployment import DeploymentError
from embedded.emulator import Emulator, EmulatorError, responds
from embedded.record import AlreadyRunningError
from embedded.stack import OUTPUTS, ROOT, EmbeddedStack

UP = "from embedded.up import up; up(0, lambda line: print(line, flush=True))"


def processes_of(directory: Path) -> list[str]:
    """Return the processes that have `directory` in their command line: the emulator and its workers."""
    listed = subprocess.run(["ps", "-A", "-ww", "-o", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(directory) in line]


def eventually_gone(directory: Path, endpoint_url: str) -> bool:
    """Return whether within a few seconds no process, no listening port and no file is left."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if not processes_of(directory) and not responds(endpoint_url) and not directory.exists():
            return True
        time.sleep(0.05)
    return False


BUSY = """
import pathlib, time

def handler(event, context):
    pathlib.Path(__file__).with_name("busy").touch()
    time.sleep(600)
"""


def keep_a_worker_busy(cloud: Cloud, directory: Path) -> None:
    """Invoke a function that takes its time, so that the emulator has a worker that does not end by itself."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("slow.py", BUSY)
    cloud.client("lambda").create_function(
        FunctionName="slow",
        Runtime="python3.13",
        Handler="slow.handler",
        Role=cloud.client("iam").list_roles()["Roles"][0]["Arn"],
        Code={"ZipFile": package.getvalue()},
        Timeout=900,
    )
    cloud.client("lambda").invoke(FunctionName="slow", InvocationType="Event", Payload=b"{}")
    deadline = time.monotonic() + 10
    while not list(directory.rglob("busy")):
        assert time.monotonic() < deadline, "the emulator started no worker"
        time.sleep(0.05)


@pytest.fixture
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "state"
    monkeypatch.setenv("TICKFOLD_STATE_DIR", str(directory))
    return directory


@pytest.fixture
def running(own_state: Path) -> Iterator[tuple[subprocess.Popen[str], record.Record, Path]]:
    """An `up` in a process of its own, with a worker; its record, and its directory."""
    assert not own_state.exists()
    process = subprocess.Popen([sys.executable, "-c", UP], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Press Ctrl-C to stop" in line:
                break
        recorded = record.read()
        assert recorded, "".join(lines)
        assert recorded.outputs["websocket_url"] in "".join(lines)
        (log,) = (line.split()[-1] for line in lines if "emulator log" in line)
        keep_a_worker_busy(Cloud(recorded.endpoint_url), Path(log).parent)
        yield process, recorded, Path(log).parent
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_every_process(
    running: tuple[subprocess.Popen[str], record.Record, Path], number: signal.Signals
) -> None:
    process, recorded, directory = running
    process.send_signal(number)
    assert process.wait(10) == 0
    assert eventually_gone(directory, recorded.endpoint_url)
    assert not record.path().exists()


def test_killed_stack_leaves_nothing(running: tuple[subprocess.Popen[str], record.Record, Path]) -> None:
    process, recorded, directory = running
    process.kill()
    assert process.wait(10) == -signal.SIGKILL
    assert eventually_gone(directory, recorded.endpoint_url)
    assert record.read() is None
    assert not record.path().exists()


def test_up_fails_when_the_emulator_exits(
    running: tuple[subprocess.Popen[str], record.Record, Path],
) -> None:
    process, recorded, directory = running
    (emulator,) = (line for line in processes_of(directory) if "embedded.watchdog" in line)  # the other is its worker
    os.kill(int(emulator.split()[0]), signal.SIGKILL)
    assert process.wait(10) == 1
    assert eventually_gone(directory, recorded.endpoint_url)
    assert record.read() is None


def small_program(directory: Path) -> Path:
    """Write a program that exports the required outputs and creates one bucket."""
    directory.mkdir()
    (directory / "Pulumi.dev.yaml").write_text("config: {}\n")
    others = [name for name in OUTPUTS if name != "bucket"]
    (directory / "__main__.py").write_text(
        "import pulumi\nimport pulumi_aws as aws\n"
        'bucket = aws.s3.Bucket("small").id\n'
        'aws.s3.BucketVersioning("kept", bucket=bucket, versioning_configuration={"status": "Enabled"})\n'
        'pulumi.export("bucket", bucket)\n'
        f"for name in {others!r}:\n    pulumi.export(name, name)\n"
    )
    return directory


def test_exception_in_the_block_stops_every_process(own_state: Path, tmp_path: Path) -> None:
    stack = EmbeddedStack(root=small_program(tmp_path / "tree"))

    def fail() -> None:
        with stack:
            recorded = record.read()
            assert recorded
            assert recorded.pid == os.getpid()
            assert record.path() == own_state / "embedded.json"
            assert record.path().stat().st_mode & 0o777 == 0o600
            assert processes_of(stack.log_file.parent)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert eventually_gone(stack.log_file.parent, stack.endpoint_url)
    assert record.read() is None


def test_failed_deployment_stops_every_process(own_state: Path, tmp_path: Path) -> None:
    tree = small_program(tmp_path / "tree")
    (tree / "__main__.py").write_text("raise RuntimeError('no such luck')\n")
    stack = EmbeddedStack(root=tree)
    with pytest.raises(DeploymentError, match="no such luck"):
        stack.__enter__()
    assert eventually_gone(stack.log_file.parent, stack.endpoint_url)
    assert not own_state.exists()


def test_missing_output_is_an_error(own_state: Path, tmp_path: Path) -> None:
    tree = small_program(tmp_path / "tree")
    (tree / "__main__.py").write_text("import pulumi\npulumi.export('region', 'here')\n")
    stack = EmbeddedStack(root=tree)
    with pytest.raises(DeploymentError, match="does not export websocket_url"):
        stack.__enter__()
    assert eventually_gone(stack.log_file.parent, stack.endpoint_url)
    assert not own_state.exists()


def test_port_in_use_is_refused_before_anything_starts(own_state: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EmulatorError, match=f"port {port} .*another port"):
            EmbeddedStack(port)
    assert not own_state.exists()


def test_second_stack_is_refused_with_the_url_of_the_first(stack: EmbeddedStack) -> None:
    with pytest.raises(AlreadyRunningError, match=stack.outputs["websocket_url"]):
        EmbeddedStack()


def test_command_line_finds_the_running_stack(stack: EmbeddedStack) -> None:
    found = record.read()
    assert found
    assert (found.endpoint_url, found.region) == (stack.endpoint_url, stack.region)
    assert (found.credentials, found.outputs) == (stack.credentials, stack.outputs)


def test_damaged_record_is_removed(own_state: Path) -> None:
    own_state.mkdir()
    (own_state / "embedded.json").write_text('{"pid": 1}')
    assert record.read() is None
    assert not (own_state / "embedded.json").exists()


def test_record_of_a_silent_port_is_removed(own_state: Path) -> None:
    record.write(record.Record(os.getpid(), "http://127.0.0.1:9", REGION, Credentials("a", "b"), {}, "", ""))
    assert record.path().parent == own_state
    assert record.read() is None
    assert not record.path().exists()


def test_emulator_inherits_no_user_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("PERSIST_STATE", "1")
    emulator = Emulator()
    emulator.start()
    try:
        (pid,) = (line.split()[0] for line in processes_of(emulator.directory))
        shown = subprocess.run(
            ["ps", "eww", "-o", "args=", "-p", pid], capture_output=True, text=True, check=True
        ).stdout
        assert "AUTH=true" in shown
        assert "AWS_PROFILE" not in shown
        assert "PERSIST_STATE" not in shown
    finally:
        emulator.stop()
    assert eventually_gone(emulator.directory, emulator.endpoint_url)
