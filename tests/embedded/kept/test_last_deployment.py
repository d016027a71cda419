"""The last deployment is restored whole, or not at all."""

import hashlib
from pathlib import Path

import pytest

from embedded.kept.last_deployment import RESOURCES, LastDeployment, Origin

ORIGIN = Origin("f1", emulator_port=4566, issuer_port=9000)
FILES = {
    "deployment.json": b"{}",
    "state.json": b'{"a": 1}',
    str(RESOURCES): b"[1]",
    "emulator/lambda-blobs/0f.zip": bytes(range(256)),
}


@pytest.fixture
def deployed(tmp_path: Path) -> Path:
    """What a deployment leaves, and logs."""
    directory = tmp_path / "deployed"
    for name, content in (FILES | {"deployment.log": b"", "tmp/other": b""}).items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(content)
    return directory


@pytest.fixture
def last(tmp_path: Path, deployed: Path) -> LastDeployment:
    kept = LastDeployment(tmp_path / "deployment")
    kept.keep(ORIGIN, deployed)
    return kept


def files_of(directory: Path) -> dict[str, bytes]:
    files = [path for path in directory.rglob("*") if path.is_file()]
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in files}


def test_kept_deployment_is_restored(tmp_path: Path, last: LastDeployment) -> None:
    assert last.origin() == ORIGIN
    assert last.restore("f1", tmp_path / "next")
    assert files_of(tmp_path / "next") == FILES
    assert (tmp_path / "deployment").stat().st_mode & 0o777 == 0o600


def test_other_fingerprint_restores_nothing(tmp_path: Path, last: LastDeployment) -> None:
    assert not last.restore("f2", tmp_path / "next")
    assert not (tmp_path / "next").exists()


def test_next_deployment_replaces_the_one_before(tmp_path: Path, deployed: Path, last: LastDeployment) -> None:
    (deployed / "state.json").write_text("new")
    last.keep(Origin("f2", 1, 2), deployed)
    assert last.origin() == Origin("f2", 1, 2)
    assert not last.restore("f1", tmp_path / "next")
    assert last.restore("f2", tmp_path / "next")
    assert files_of(tmp_path / "next")["state.json"] == b"new"


def test_damaged_file_restores_nothing(tmp_path: Path, last: LastDeployment) -> None:
    file = tmp_path / "deployment"
    whole = file.read_bytes()
    for at in range(0, len(whole), 7):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert last.origin() is None
        assert not last.restore("f1", tmp_path / "next")
        file.write_bytes(whole[:at])
        assert last.origin() is None
    assert not (tmp_path / "next").exists()
    file.write_bytes(whole)
    assert last.origin() == ORIGIN


@pytest.mark.parametrize("header", ["[]", "{}", '{"fingerprint": "f1"}', "not JSON"])
def test_file_of_another_version_restores_nothing(tmp_path: Path, last: LastDeployment, header: str) -> None:
    """Whole by its checksum, but with another header."""
    file = tmp_path / "deployment"
    content = file.read_bytes().split(b"\n", 2)[2]
    checksum = hashlib.sha256(header.encode() + content).hexdigest()
    file.write_bytes(f"{checksum}\n{header}\n".encode() + content)
    assert last.origin() is None
    assert not last.restore("f1", tmp_path / "next")
