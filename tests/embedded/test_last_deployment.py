"""A stack on kept data takes up the last deployment if nothing has changed that it was made from."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.emulator import EmulatorError
from embedded.kept.directory import KeptDirectory
from embedded.kept.last_deployment import RESOURCES
from embedded.stack import OUTPUTS, EmbeddedStack

TAKEN_UP = "nothing has changed since the last deployment: took it up"
PROGRAM = """
import pathlib
import pulumi
import pulumi_aws as aws

with pathlib.Path(__file__).with_name("ran").open("a") as ran:
    ran.write("x")
bucket = aws.s3.Bucket("small").id
aws.s3.BucketVersioning("kept", bucket=bucket, versioning_configuration={"status": "Enabled"})
runs = aws.dynamodb.Table(
    "runs",
    name="small-runs",
    billing_mode="PAY_PER_REQUEST",
    hash_key="run_id",
    attributes=[{"name": "run_id", "type": "S"}, {"name": "status", "type": "S"}],
    global_secondary_indexes=[{"name": "by_status", "hash_key": "status", "projection_type": "KEYS_ONLY"}],
)
outputs = {"bucket": bucket, "runs_table": runs.name, "users_table": runs.name}
for name in %r:
    pulumi.export(name, outputs.get(name, name))
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A program of one bucket and one table, which notes each time that it is run."""
    root = tmp_path / "tree"
    root.mkdir()
    (root / "Pulumi.dev.yaml").write_text("config: {}\n")
    (root / "__main__.py").write_text(PROGRAM % (OUTPUTS,))
    return root


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeptDirectory]:
    monkeypatch.setenv("TICKFOLD_STATE_DIR", str(tmp_path / "state"))
    with KeptDirectory(tmp_path / "data") as locked:
        yield locked


def runs_of(tree: Path) -> int:
    """Return how often the program was run."""
    return len((tree / "ran").read_text())


def start(tree: Path, kept: KeptDirectory, port: int = 0) -> tuple[dict[str, str], list[str]]:
    """Start a stack, and stop it; return its outputs and its log."""
    lines: list[str] = []
    with EmbeddedStack(port, root=tree, kept=kept, log=lines.append) as stack:
        return stack.outputs, lines


def test_unchanged_program_is_not_run_again(tree: Path, kept: KeptDirectory) -> None:
    with EmbeddedStack(root=tree, kept=kept) as first:
        first.client("s3").put_object(Bucket=first.outputs["bucket"], Key="own", Body=b"1")
        first.cloud.table("small-runs").put_item(Item={"run_id": "r1", "status": "succeeded"})
    lines: list[str] = []
    with EmbeddedStack(root=tree, kept=kept, log=lines.append) as second:
        assert (runs_of(tree), TAKEN_UP in lines) == (1, True)
        assert (second.outputs, second.endpoint_url, second.issuer.url) == (
            first.outputs,
            first.endpoint_url,
            first.issuer.url,
        )
        s3 = second.client("s3")
        assert s3.get_object(Bucket=second.outputs["bucket"], Key="own")["Body"].read() == b"1"
        assert s3.get_bucket_versioning(Bucket=second.outputs["bucket"])["Status"] == "Enabled"
        assert second.cloud.table("small-runs").get_item(Key={"run_id": "r1"})["Item"]["status"] == "succeeded"
        s3.put_object(Bucket=second.outputs["bucket"], Key="own", Body=b"2")
        second.cloud.table("small-runs").put_item(Item={"run_id": "r2", "status": "succeeded"})
    with EmbeddedStack(root=tree, kept=kept) as third:
        assert third.client("s3").get_object(Bucket=third.outputs["bucket"], Key="own")["Body"].read() == b"2"
        assert third.cloud.table("small-runs").scan()["Count"] == 2
    assert runs_of(tree) == 1


def test_changed_program_is_run_and_taken_up_from_then_on(tree: Path, kept: KeptDirectory) -> None:
    start(tree, kept)
    program = tree / "__main__.py"
    program.write_text(program.read_text() + 'pulumi.export("athena_workgroup", "changed")\n')
    for _ in range(2):
        outputs, _ = start(tree, kept)
        assert (outputs["athena_workgroup"], runs_of(tree)) == ("changed", 2)


def test_program_is_run_again_at_another_port(tree: Path, kept: KeptDirectory) -> None:
    start(tree, kept)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    start(tree, kept, port)
    assert runs_of(tree) == 2


@pytest.mark.parametrize("port", ["emulator_port", "issuer_port"])
def test_program_is_run_again_where_a_port_is_taken(tree: Path, kept: KeptDirectory, port: str) -> None:
    start(tree, kept)
    origin = kept.last_deployment.origin()
    with socket.create_server(("127.0.0.1", getattr(origin, port))):
        start(tree, kept)
    assert runs_of(tree) == 2


def test_program_is_run_again_where_the_last_deployment_is_damaged(tree: Path, kept: KeptDirectory) -> None:
    start(tree, kept)
    file = kept.path / "deployment"
    file.write_bytes(file.read_bytes()[:-1])
    start(tree, kept)
    start(tree, kept)
    assert runs_of(tree) == 2


def test_program_is_run_again_on_fresh_data(tree: Path, kept: KeptDirectory) -> None:
    start(tree, kept)
    kept.start_anew()
    _, lines = start(tree, kept)
    assert runs_of(tree) == 2
    assert any(line.startswith("loaded bars") for line in lines)


def test_program_is_run_again_where_the_emulator_cannot_restore(
    tree: Path, kept: KeptDirectory, tmp_path: Path
) -> None:
    start(tree, kept)
    origin, files = kept.last_deployment.origin(), tmp_path / "files"
    assert origin
    kept.last_deployment.restore(origin.fingerprint, files)
    (files / RESOURCES).write_text('{"s3": {"buckets_meta": 1}}')
    kept.last_deployment.keep(origin, files)
    start(tree, kept)
    start(tree, kept)
    assert runs_of(tree) == 2


def test_program_that_has_failed_is_not_taken_up(tree: Path, kept: KeptDirectory) -> None:
    start(tree, kept)
    (kept.path / "deployment").unlink()
    program = tree / "__main__.py"
    sound = program.read_text()
    program.write_text(f"{sound}\n1 / 0\n")
    with pytest.raises(Exception, match="ZeroDivisionError"):
        start(tree, kept)
    assert kept.last_deployment.origin() is None


def test_program_that_changes_while_it_is_run_is_run_again(tree: Path, kept: KeptDirectory) -> None:
    program = tree / "__main__.py"
    program.write_text(program.read_text() + 'pathlib.Path(__file__).open("a").write("# once more\\n")\n')
    start(tree, kept)
    assert kept.last_deployment.origin() is None


def test_deployment_that_cannot_be_kept_is_told(tree: Path, kept: KeptDirectory) -> None:
    (kept.path / "deployment.unfinished").mkdir()
    _, lines = start(tree, kept)
    assert any("could not be kept, so the next start takes longer" in line for line in lines)


def test_restored_resources_are_those_that_were_kept(tree: Path, kept: KeptDirectory, tmp_path: Path) -> None:
    start(tree, kept)
    origin, before = kept.last_deployment.origin(), tmp_path / "before"
    assert origin
    kept.last_deployment.restore(origin.fingerprint, before)
    with EmbeddedStack(root=tree, kept=kept) as stack:
        directory = stack.log_file.parent
        (directory / RESOURCES).unlink()
        assert stack._emulator.save_resources()
        assert json.loads((directory / RESOURCES).read_text()) == json.loads((before / RESOURCES).read_text())


def test_emulator_that_has_exited_saves_nothing(tree: Path, kept: KeptDirectory) -> None:
    with EmbeddedStack(root=tree, kept=kept) as stack:
        process = stack._emulator._process
        assert process
        process.kill()
        process.wait()
        (stack.log_file.parent / RESOURCES).unlink()
        with pytest.raises(EmulatorError, match="exited"):
            stack._emulator.save_resources()
