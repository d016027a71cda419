"""`tickfold data check`: errors and remarks of a series, a file or a folder, and an exit status that says which."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.golden import GOOG
from tickfold.cli.exit_codes import ExitCode

HEAD = "time,open,high,low,close,volume\n"
MINUTES = [f"2026-11-27T14:{minute}Z,100,101,99,100,{minute}\n" for minute in range(30, 50)]


def written(path: Path, rows: list[str]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEAD + "".join(rows))
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A file with three bad rows, a price that cannot be, and a minute that is missing."""
    rows = [*MINUTES]
    rows[3] = "2026-11-27T14:33Z,100,101,99,0,33\n"
    rows[5] = "2026-11-27T14:35Z,100,1010,99,100,35\n"
    rows[8] = rows[7]
    rows[10] = "soon,100,101,99,100,40\n"
    return written(tmp_path / "bad.csv", rows)


def test_errors_of_a_file_are_listed_by_line_and_fail(tickfold: Command, alone: Path, bad: Path) -> None:
    ended = tickfold("data", "check", str(bad), "--market", "XNYS", "--json")
    assert ended.status == ExitCode.FAILED
    found = json.loads(ended.stdout)
    assert [(row["level"], row["kind"], row["place"]) for row in found if row["level"] == "error"] == [
        ("error", "price", "line 5"),
        ("error", "crossed", "line 5"),
        ("error", "duplicate", "line 10"),
        ("error", "time", "line 12"),
        ("error", "outlier", None),
    ]
    assert found[0] == {
        "source": str(bad),
        "time": "2026-11-27T14:33:00Z",
        "level": "error",
        "kind": "price",
        "found": "close '0' is not above 0",
        "expected": "prices above 0",
        "place": "line 5",
    }
    assert [row["found"] for row in found if row["kind"] == "gap"] == [
        "1 bar missing between 2026-11-27T14:32:00Z and 2026-11-27T14:34:00Z",
        "1 bar missing between 2026-11-27T14:37:00Z and 2026-11-27T14:39:00Z",
        "1 bar missing between 2026-11-27T14:39:00Z and 2026-11-27T14:41:00Z",
    ]
    assert f"{bad}: 17 1m bars, 5 errors and 3 remarks\n" in ended.stderr
    assert bad.read_text().count("\n") == 21


def test_remarks_alone_are_no_failure(tickfold: Command, alone: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "odd.csv", [*MINUTES[:5], *MINUTES[7:]])
    ended = tickfold("data", "check", str(path), "--market", "XNYS")
    assert (ended.status, ended.stdout.splitlines()) == (
        0,
        [
            "source,time,level,kind,found,expected,place",
            f"{path},2026-11-27T14:34:00Z,remark,gap,"
            "2 bars missing between 2026-11-27T14:34:00Z and 2026-11-27T14:37:00Z,a bar for each,",
        ],
    )


def test_sound_file_has_nothing_to_list(tickfold: Command, alone: Path) -> None:
    ended = tickfold("data", "check", str(GOOG), "--market", "XNYS", "--json")
    assert (ended.status, ended.stdout) == (0, "[]\n")
    assert f"{GOOG}: 2,148 1d bars, nothing found\n" in ended.stderr


def test_market_makes_bars_outside_of_its_sessions_errors(tickfold: Command, alone: Path, tmp_path: Path) -> None:
    early = written(tmp_path / "early.csv", [row.replace("T14:", "T13:") for row in MINUTES])
    assert tickfold("data", "check", str(early)).status == 0
    assert tickfold("data", "check", str(early), "--market", "24/7").status == 0
    ended = tickfold("data", "check", str(early), "--market", "xnys", "--csv")
    assert ended.status == ExitCode.FAILED
    assert ended.stdout.count("closed,XNYS has no session at that time,bars within the market's sessions") == 20


def test_every_file_of_a_folder_is_checked_although_one_is_none(
    tickfold: Command, alone: Path, bad: Path, tmp_path: Path
) -> None:
    written(tmp_path / "more" / "good.csv", MINUTES)
    written(tmp_path / "more" / "empty.csv", [])
    (tmp_path / "notes.md").write_text("no bars")
    (tmp_path / "strange.parquet").write_text("no Parquet")
    ended = tickfold("data", "check", f"{tmp_path}/", "--json")
    assert ended.status == ExitCode.FAILED
    found = {(Path(row["source"]).name, row["kind"]) for row in json.loads(ended.stdout) if row["level"] == "error"}
    assert found == {
        *(("bad.csv", kind) for kind in ("price", "crossed", "duplicate", "time", "outlier")),
        ("empty.csv", "unreadable"),
        ("strange.parquet", "unreadable"),
    }
    assert "good.csv: 20 1m bars, nothing found" in ended.stderr


def test_file_without_a_sound_row_is_checked(tickfold: Command, alone: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "none.csv", ["2026-11-27T14:30Z,1,1,1,-1,1\n"])
    ended = tickfold("data", "check", str(path), "--csv")
    assert ended.status == ExitCode.FAILED
    assert "close '-1' is not above 0" in ended.stdout
    assert f"{path}: 0 bars, 2 errors\n" in ended.stderr


def test_folder_without_bar_files_is_refused(tickfold: Command, alone: Path, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    ended = tickfold("data", "check", f"{tmp_path}/notes/")
    assert ended.status == ExitCode.REFUSED
    assert "has no bar files: none ends in .csv" in ended.stderr


@pytest.mark.usefixtures("s3")
def test_series_is_checked_in_all_its_timeframes(tickfold: Command, tmp_path: Path) -> None:
    for path in (GOOG, written(tmp_path / "minutes.csv", [*MINUTES[:9], *MINUTES[11:]])):
        assert tickfold("data", "load", str(path), "--symbol", "GOOG").status == 0
    ended = tickfold("data", "check", "goog", "--market", "XNYS", "--json")
    assert ended.status == 0
    assert [(row["source"], row["kind"]) for row in json.loads(ended.stdout)] == [("GOOG 1m", "gap")]
    assert "GOOG 1m: 18 1m bars, 1 remark\n" in ended.stderr
    assert "GOOG 1d: 2,148 1d bars, nothing found\n" in ended.stderr
    ended = tickfold("data", "check", "GOOG", "--timeframe", "daily", "--json")
    assert (ended.status, ended.stdout) == (0, "[]\n")


@pytest.mark.usefixtures("s3")
def test_folder_without_a_slash_is_a_symbol(tickfold: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "GOOG").mkdir()
    monkeypatch.chdir(tmp_path)
    assert "unknown symbol GOOG" in tickfold("data", "check", "GOOG").stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("GOOG", "--market", "NYSE"), "'NYSE' is not a market with a calendar"),
        (("no file.csv",), "is not a symbol"),
        (("GOOG", "--csv", "--json"), "exclude each other"),
    ],
)
def test_wrong_use_is_refused(tickfold: Command, alone: Path, arguments: tuple[str, ...], reason: str) -> None:
    ended = tickfold("data", "check", *arguments)
    assert ended.status == ExitCode.WRONG_USE
    assert reason in " ".join(ended.stderr.split())


def test_terminal_shows_errors_first_and_says_how_many_more(
    tickfold: Command, alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row.rsplit(",", 1)[0] + (",0\n" if at % 2 else ",5\n") for at, row in enumerate(_many())]
    rows[-1] = rows[-1].replace(",100,101,", ",100,2000,")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "250")
    ended = tickfold("data", "check", str(written(tmp_path / "odd.csv", rows)))
    first = next(line for line in ended.stdout.splitlines() if "2026" in line)
    assert "outlier" in first
    assert "… and 11 more; --csv writes all\n" in ended.stderr


def _many() -> list[str]:
    return [f"2026-11-27T{14 + minute // 60}:{minute % 60:02d}Z,100,101,99,100,1\n" for minute in range(120)]
