"""`--save`: the files of a run, all or none."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from tests.cli.conftest import BUCKET, Command
from tests.client.fake_stack import FakeStack
from tickfold.cli.download import SaveError, prepare_directory, save
from tickfold.protocol import Message, Result, SymbolResult

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RUN = ("run", "--symbol", "goog", "--start", "2004-08-19", "--end", "2013-03-01")


@pytest.fixture
def stored(s3: "S3Client", result: Result) -> Result:
    """A result whose files are in the bucket."""
    names = ("trades", "equity", "equity_by_symbol", "runs_by_symbol")
    for name in names:
        s3.put_object(Bucket=BUCKET, Key=f"data/{name}.parquet", Body=name.encode())
    return result.model_copy(update={f"{name}_uri": f"s3://{BUCKET}/data/{name}.parquet" for name in names})


def contents(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in directory.iterdir()}


def test_run_is_saved_by_the_names_of_its_files(s3: "S3Client", stored: Result, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    written = save(s3, stored, tmp_path / "out")
    assert written == [tmp_path / "out" / "trades.parquet", tmp_path / "out" / "equity.parquet"]
    assert contents(tmp_path / "out") == {"trades.parquet": "trades", "equity.parquet": "equity"}
    assert (tmp_path / "out" / "trades.parquet").stat().st_mode & 0o777 == 0o644


def test_run_of_several_symbols_has_two_more_files(s3: "S3Client", stored: Result, tmp_path: Path) -> None:
    several = stored.model_copy(update={"symbols": [SymbolResult(symbol="A", share=1, bars=1, metrics={})]})
    save(s3, several, tmp_path, f"s3://{BUCKET}/data/trades.parquet")
    assert {"equity_by_symbol.parquet", "runs_by_symbol.parquet"} <= set(contents(tmp_path))


def test_further_files_are_saved_beside_the_runs(s3: "S3Client", stored: Result, tmp_path: Path) -> None:
    s3.put_object(Bucket=BUCKET, Key="data/sweep.parquet", Body=b"sweep")
    save(s3, stored, tmp_path, f"s3://{BUCKET}/data/sweep.parquet")
    assert contents(tmp_path)["sweep.parquet"] == "sweep"


def test_files_that_are_there_are_replaced(s3: "S3Client", stored: Result, tmp_path: Path) -> None:
    (tmp_path / "trades.parquet").write_text("old")
    save(s3, stored, tmp_path)
    assert contents(tmp_path)["trades.parquet"] == "trades"


def test_failed_download_leaves_no_files(s3: "S3Client", stored: Result, tmp_path: Path) -> None:
    absent = stored.model_copy(update={"equity_uri": f"s3://{BUCKET}/absent"})
    with pytest.raises(ClientError, match="404"):
        save(s3, absent, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_directory_that_vanished_is_a_save_error(s3: "S3Client", stored: Result, tmp_path: Path) -> None:
    with pytest.raises(SaveError, match=r"run goog-sma_cross-1 could not be saved in .*absent: No such file"):
        save(s3, stored, tmp_path / "absent")


def test_directory_is_made_with_its_parents_before_the_run(tmp_path: Path) -> None:
    prepare_directory(tmp_path / "a" / "b")
    prepare_directory(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_directory_that_is_not_writable_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda _path, _mode: False)  # whoever runs the tests may write everywhere
    with pytest.raises(SaveError, match="cannot be written to"):
        prepare_directory(tmp_path)


def test_saved_run_names_its_files(
    tickfold: Command, fake: FakeStack, messages: list[Message], stored: Result, tmp_path: Path
) -> None:
    fake.plan = [*messages[1:-1], stored]
    ended = tickfold(*RUN, "--save", str(tmp_path / "new" / "dir"))
    assert ended.status == 0, ended.stderr
    assert contents(tmp_path / "new" / "dir") == {"trades.parquet": "trades", "equity.parquet": "equity"}
    assert f"saved {tmp_path}/new/dir/trades.parquet\nsaved {tmp_path}/new/dir/equity.parquet\n" in ended.stderr
