"""Archives: reproducible, unzippable, and within Lambda's size limit."""

import base64
import hashlib
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from components.aws.archive import UNZIPPED_LIMIT, Archive, ArchivesTooLargeError, check_unzipped_size, write_archive


def archive_from(directory: Path, contents: Mapping[str, bytes], *, mode: int = 0o644, time: int = 0) -> Archive:
    files = {}
    for place, content in contents.items():
        path = directory / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(mode)
        os.utime(path, (time, time))
        files[place] = path
    archive = Archive("probe", directory / "probe.zip")
    write_archive(archive, files)
    return archive


def test_archive_ignores_order_times_and_modes_of_files(tmp_path: Path) -> None:
    contents = {"b/c.py": b"two", "a.py": b"one"}
    backwards = dict(reversed(contents.items()))
    first = archive_from(tmp_path / "1", contents, time=1_000_000_000)
    second = archive_from(tmp_path / "2", backwards, mode=0o700, time=1_700_000_000)
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.key == second.key


def test_archive_can_be_unzipped(tmp_path: Path) -> None:
    archive = archive_from(tmp_path, {"b/c.py": b"two", "a.py": b"one"})
    with zipfile.ZipFile(archive.path) as unzipped:
        assert unzipped.namelist() == ["a.py", "b/c.py"]
        assert unzipped.read("b/c.py") == b"two"
        assert {entry.external_attr >> 16 & 0o777 for entry in unzipped.infolist()} == {0o644}
    assert archive.unzipped_bytes == 6


def test_key_and_hash_change_with_the_content(tmp_path: Path) -> None:
    first = archive_from(tmp_path / "1", {"a.py": b"one"})
    second = archive_from(tmp_path / "2", {"a.py": b"two"})
    assert first.key != second.key
    assert first.source_code_hash == base64.b64encode(hashlib.sha256(first.path.read_bytes()).digest()).decode()
    assert first.source_code_hash != second.source_code_hash


def test_archives_of_the_size_limit_are_accepted_and_one_byte_more_refused(tmp_path: Path) -> None:
    quarter = archive_from(tmp_path / "1", {"zeros": bytes(UNZIPPED_LIMIT // 4)})
    byte = archive_from(tmp_path / "2", {"zero": bytes(1)})
    full = [Archive(name, quarter.path) for name in ("code", "base", "numeric", "other")]
    check_unzipped_size(full)
    with pytest.raises(ArchivesTooLargeError) as refused:
        check_unzipped_size([*full, byte])
    assert "262,144,001 bytes unzipped" in str(refused.value)
    assert "numeric 65,536,000" in str(refused.value)
    assert "Lambda allows 262,144,000" in str(refused.value)
