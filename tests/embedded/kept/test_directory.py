"""The directory of kept data: where it is, that one stack at a time uses it, and how it is set aside."""

import os
from pathlib import Path

import pytest

from embedded.kept import directory
from embedded.kept.directory import DataInUseError, KeptDirectory, data_directory
from embedded.kept.store import KeptDataError, KeptStore, Row


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"TICKFOLD_DATA_DIR": "/d", "TICKFOLD_STATE_DIR": "/s", "XDG_DATA_HOME": "/x"}, "/d"),
        ({"TICKFOLD_STATE_DIR": "/s", "XDG_DATA_HOME": "/x"}, "/s/data"),
        ({"XDG_DATA_HOME": "/x"}, "/x/tickfold"),
        ({"HOME": "/home/ada"}, "/home/ada/.local/share/tickfold"),
    ],
)
def test_directory_is_chosen(variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("TICKFOLD_DATA_DIR", "TICKFOLD_STATE_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert data_directory() == Path(expected)


def test_second_lock_is_refused_with_the_process_of_the_first(tmp_path: Path) -> None:
    with KeptDirectory(tmp_path), pytest.raises(DataInUseError, match=rf"\(process {os.getpid()}\).*`tickfold down`"):
        KeptDirectory(tmp_path).lock()
    with KeptDirectory(tmp_path):
        pass  # the refusal has left no lock


def test_lock_that_outlives_its_process_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "WAIT_SECONDS", 0.0)
    with KeptDirectory(tmp_path) as first:
        (tmp_path / "lock").write_text("999999999")
        with pytest.raises(DataInUseError, match="process 999999999"):
            KeptDirectory(tmp_path).lock()
        monkeypatch.setattr(directory, "WAIT_SECONDS", 60.0)
        monkeypatch.setattr("time.sleep", lambda _seconds: first.unlock())  # its emulator ends meanwhile
        KeptDirectory(tmp_path).lock()


def test_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KeptDataError, match=r"cannot be used for the stack's data .*TICKFOLD_DATA_DIR"):
        KeptDirectory(tmp_path / "file" / "data").lock()


def test_data_set_aside_are_whole_and_the_next_are_empty(tmp_path: Path) -> None:
    kept = KeptDirectory(tmp_path)
    store = KeptStore(kept.file)
    store.write([Row("s3://lake", "a", {}, b"1")])  # in the log only, as after a kill
    assert kept.start_anew() == tmp_path / "stack.sqlite.before"
    store.close()
    assert kept.check() == 0
    assert keys(tmp_path / "stack.sqlite.before") == ["a"]


def keys(file: Path) -> list[str]:
    with KeptStore(file) as store:
        return [row.key for row in store.rows("s3://lake")]


def keep(kept: KeptDirectory, key: str) -> None:
    with KeptStore(kept.file) as store:
        store.write([Row("s3://lake", key, {}, b"1")])


def test_data_set_aside_stay_when_others_are(tmp_path: Path) -> None:
    kept = KeptDirectory(tmp_path)
    for key in ("a", "b", "c"):
        keep(kept, key)
        kept.start_anew()
    asides = [tmp_path / f"stack.sqlite.before{number}" for number in ("", 2, 3)]
    assert [keys(aside) for aside in asides] == [["a"], ["b"], ["c"]]


def test_data_set_aside_are_put_back_if_nothing_follows_them(tmp_path: Path) -> None:
    keep(KeptDirectory(tmp_path), "a")
    with KeptDirectory(tmp_path) as kept:
        kept.start_anew()  # and the start fails, for a reason that has nothing to do with it
    assert keys(kept.file) == ["a"]
    with KeptDirectory(tmp_path) as kept:
        kept.start_anew()
        keep(kept, "b")
    assert (keys(kept.file), keys(tmp_path / "stack.sqlite.before")) == (["b"], ["a"])


def test_nothing_to_set_aside(tmp_path: Path) -> None:
    assert KeptDirectory(tmp_path).start_anew() is None
