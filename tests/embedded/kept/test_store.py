"""The file of kept data: what it gives back, and what it says if it cannot be used."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from embedded.kept.store import FORMAT, KeptDataError, KeptStore, Row

OBJECT = Row("s3://lake", "a/b", {"etag": "1", "size": 3}, b"\x00\xffz")
ITEM = Row("table runs", '["r1", "run"]', {"run_id": {"S": "r1"}})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "stack.sqlite"


def filled(file: Path) -> Path:
    with KeptStore(file) as store:
        store.write([OBJECT, ITEM])
    return file


def test_rows_are_given_back_by_holder(file: Path) -> None:
    with KeptStore(filled(file)) as store:
        assert list(store.rows("s3://lake")) == [OBJECT]
        assert list(store.rows("table runs")) == [ITEM]
        assert list(store.rows("table users")) == []
        assert store.check() == 2
    assert file.stat().st_mode & 0o777 == 0o600


def test_keys_are_found_by_their_ending(file: Path) -> None:
    with KeptStore(filled(file)) as store:
        assert (store.has_key("/b"), store.has_key("/c")) == (True, False)


def test_row_is_replaced_and_deleted(file: Path) -> None:
    with KeptStore(filled(file)) as store:
        store.write([Row("s3://lake", "a/b", {"etag": "2"}, b"new"), Row(ITEM.holder, ITEM.key)])
        assert list(store.rows("s3://lake")) == [Row("s3://lake", "a/b", {"etag": "2"}, b"new")]
        assert store.check() == 1


def test_rows_are_written_all_or_none(file: Path) -> None:
    with KeptStore(filled(file)) as store:
        with pytest.raises(TypeError):
            store.write([Row("s3://lake", "c", {}, b"1"), Row("s3://lake", "d", {"not": object()})])
        store.write([Row("s3://lake", "e", {}, b"2")])
        assert [row.key for row in store.rows("s3://lake")] == ["a/b", "e"]


KILLED = """
import os, signal, sys
from pathlib import Path
from embedded.kept.store import KeptStore, Row
store = KeptStore(Path(sys.argv[1]))
store.write([Row("s3://lake", "whole", {}, b"1")])
store._connection.execute("BEGIN")
store._write(Row("s3://lake", "half", {}, b"2" * 5_000_000))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_writer_leaves_whole_transactions(file: Path) -> None:
    assert subprocess.run([sys.executable, "-c", KILLED, str(file)], check=False).returncode == -9
    with KeptStore(file) as store:
        assert [row.key for row in store.rows("s3://lake")] == ["whole"]


def test_changed_byte_of_a_value_is_found(file: Path) -> None:
    filled(file)
    at = file.read_bytes().index(b"\x00\xffz")
    with file.open("r+b") as opened:
        opened.seek(at)
        opened.write(b"\x01")
    with KeptStore(file) as store, pytest.raises(KeptDataError, match=r"damaged \(a/b in s3://lake .*--fresh"):
        store.check()


def test_file_that_is_no_database_is_refused_and_left(file: Path) -> None:
    file.write_bytes(b"no database at all, for certain" * 100)
    before = file.read_bytes()
    with pytest.raises(KeptDataError, match=r"damaged .*--fresh"):
        KeptStore(file)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("found", "advice"), [(FORMAT + 1, "newer version of Tickfold: upgrade to it"), (-1, "older one: use that version")]
)
def test_format_of_another_version_is_refused_and_left(file: Path, found: int, advice: str) -> None:
    filled(file)
    with sqlite3.connect(file) as connection:
        connection.execute(f"PRAGMA user_version = {found}")
    connection.close()
    before = file.read_bytes()
    with pytest.raises(
        KeptDataError, match=rf"has format {found}, .* knows format {FORMAT}\. .*{advice}, or .*--fresh"
    ):
        KeptStore(file)
    assert file.read_bytes() == before


FULL = """
import resource, signal, sys
from pathlib import Path
from embedded.kept.store import KeptDataError, KeptStore, Row
store = KeptStore(Path(sys.argv[1]))
store.write([Row("s3://lake", "before", {}, b"1")])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that a write beyond the limit fails, as one on a full disk does
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    store.write([Row("s3://lake", "big", {}, b"2" * 1_000_000)])
except KeptDataError as error:
    print(error)
"""


def test_write_that_the_system_refuses_is_told_and_loses_nothing(file: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, str(file)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{file} cannot be used (") or done.stdout.startswith(f"no space is left for {file}")
    assert (done.stdout.count("\n"), done.stderr) == (1, "")
    with KeptStore(file) as store:
        assert [row.key for row in store.rows("s3://lake")] == ["before"]
        assert store.check() == 1


def test_full_disk_is_told_and_loses_nothing(file: Path) -> None:
    with KeptStore(filled(file)) as store:
        store._connection.execute("PRAGMA max_page_count = 1")  # SQLite's own way to have no space
        with pytest.raises(KeptDataError, match=r"no space is left for .*free some and run `tickfold up` again"):
            store.write([Row("s3://lake", "big", {}, b"1" * 100_000)])
        assert list(store.rows("s3://lake")) == [OBJECT]


def test_directory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file, no directory")
    with pytest.raises(KeptDataError, match=r"cannot be written .*TICKFOLD_DATA_DIR"):
        KeptStore(tmp_path / "file" / "stack.sqlite")
    if os.geteuid():  # root may write anywhere
        tmp_path.chmod(0o500)
        with pytest.raises(KeptDataError, match=r"cannot be written .*TICKFOLD_DATA_DIR"):
            KeptStore(tmp_path / "stack.sqlite")
