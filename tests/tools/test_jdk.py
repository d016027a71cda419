"""Which JDK a program is run with."""

from pathlib import Path

import pytest

from tools.jdk import find_jdk
from tools.missing_tool import MissingToolError


@pytest.fixture(autouse=True)
def _no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "")


def jdk(home: Path, version: str) -> Path:
    (home / "bin").mkdir(parents=True)
    (home / "bin/javac").touch(0o755)
    (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return home


def test_jdk_newest_in_the_places_is_found(tmp_path: Path) -> None:
    jdk(tmp_path / "a", "26.0.1")
    newest = jdk(tmp_path / "b", "27")
    jdk(tmp_path / "c", "25.0.3")
    assert find_jdk("Trino", 25, [f"{tmp_path}/*"]) == newest


def test_jdk_of_java_home_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = jdk(tmp_path / "given", "25")
    jdk(tmp_path / "places/newer", "27")
    monkeypatch.setenv("JAVA_HOME", str(given))
    assert find_jdk("Trino", 25, [f"{tmp_path}/places/*"]) == given


def test_jdk_of_java_home_that_is_too_old_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(jdk(tmp_path / "old", "17.0.15")))
    new = jdk(tmp_path / "places/new", "25.0.1")
    assert find_jdk("Trino", 25, [f"{tmp_path}/places/*"]) == new


def test_jdk_on_the_path_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = jdk(tmp_path / "home", "25.0.1")
    monkeypatch.setenv("PATH", str(home / "bin"))
    assert find_jdk("Trino", 25, []) == home


@pytest.mark.parametrize("version", [None, "1.8.0_402", "24.0.2"])
def test_jdk_missing_is_said(tmp_path: Path, version: str | None) -> None:
    home = jdk(tmp_path / "old", version) if version else tmp_path / "runtime/without/compiler"
    with pytest.raises(MissingToolError, match=r"Trino needs a JDK 25 or later; none was found\. Set JAVA_HOME to one"):
        find_jdk("Trino", 25, [str(home)])
