"""Strategies from files: found, named, and kept from stopping each other where they are faulty."""

import importlib
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tickfold.engine.bars import Bars
from tickfold.errors import RunError
from tickfold.strategies import BUILT_IN, Registry
from tickfold.strategies.files import IMPORT_SECONDS, PACKAGES, StrategyFileError, foreign_imports, load_file

ROOT = Path(__file__).parents[2]

SOUND = """
from typing import Annotated, ClassVar
import numpy as np
from pydantic import Field
from tickfold.engine.bars import Bars
from tickfold.engine.signals import HOLD, LONG, Signals
from tickfold.strategies import Strategy

class AlwaysLong(Strategy):
    name: ClassVar[str] = "NAME"
    after: Annotated[int, Field(ge=0, le=9)] = 3

    @property
    def lookback(self) -> int:
        return self.after

    def signals(self, bars: Bars) -> Signals:
        signals = np.full(len(bars), LONG, dtype=np.int8)
        signals[: self.after] = HOLD
        return signals
"""


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def sound(name: str) -> str:
    return SOUND.replace("NAME", name)


def some_bars() -> Bars:
    ones = np.ones(5)
    return Bars(np.arange(5), ones, ones, ones, ones, ones)


def test_discover_adds_a_files_strategy_with_its_parameters(tmp_path: Path) -> None:
    registry = Registry.discover(write(tmp_path / "strategies", mine=sound("always_long")))
    assert registry.faults == {}
    assert set(registry.strategies) == {*BUILT_IN.strategies, "always_long"}
    assert registry.create("always_long", {"after": 2}).signals(some_bars()).tolist() == [0, 0, 1, 1, 1]
    with pytest.raises(RunError, match="after 10: input should be less than or equal to 9"):
        registry.create("always_long", {"after": 10})


def test_discover_reads_an_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as archive:
        archive.writestr("strategies/mine.py", sound("always_long"))
    importlib.invalidate_caches()
    assert "always_long" in Registry.discover(tmp_path / "code.zip" / "strategies").strategies


def test_discover_missing_folder_adds_nothing(tmp_path: Path) -> None:
    registry = Registry.discover(tmp_path / "none")
    assert (registry.strategies, registry.faults) == (BUILT_IN.strategies, {})


FAULTY = {
    "does_not_parse": ("x = (", "strategies/does_not_parse.py cannot be imported: line 1: '(' was never closed"),
    "does_not_import": (
        "\nimport nonsense_of_a_module",
        "strategies/does_not_import.py cannot be imported: line 2: "
        "ModuleNotFoundError: No module named 'nonsense_of_a_module'",
    ),
    "stops_python": ("raise SystemExit(3)", "strategies/stops_python.py cannot be imported: line 1: SystemExit: 3"),
    "is_empty": ("", "strategies/is_empty.py defines no strategy: expected a class that inherits from Strategy"),
    "only_imports_one": (
        "from tickfold.strategies.builtin.sma_cross import SmaCross",
        "strategies/only_imports_one.py defines no strategy: expected a class that inherits from Strategy",
    ),
    "lacks_a_method": (
        sound("x").replace("def signals", "def signal"),
        "strategies/lacks_a_method.py: AlwaysLong lacks signals",
    ),
    "has_a_method": (
        sound("x").replace("    @property\n", ""),
        "strategies/has_a_method.py: AlwaysLong has a method lookback; expected a property",
    ),
    "lacks_a_name": (
        sound("x").replace('    name: ClassVar[str] = "x"\n', ""),
        "strategies/lacks_a_name.py: AlwaysLong has no name; "
        'expected name: ClassVar[str] = "my_strategy", of up to 40 small letters, digits and _',
    ),
    "takes_a_name": (
        sound("sma_cross"),
        "strategies/takes_a_name.py: AlwaysLong takes the name 'sma_cross', which Tickfold has for a strategy; give it",
    ),
    "has_a_bad_name": (sound("My Strategy"), "strategies/has_a_bad_name.py: AlwaysLong has the name 'My Strategy'"),
}


@pytest.mark.parametrize("name", FAULTY)
def test_create_faulty_file_raises_and_does_not_affect_others(tmp_path: Path, name: str) -> None:
    text, fault = FAULTY[name]
    registry = Registry.discover(write(tmp_path / "strategies", **{name: text, "mine": sound("always_long")}))
    assert set(registry.strategies) == {*BUILT_IN.strategies, "always_long"}
    with pytest.raises(RunError) as refused:
        registry.create(name, {})
    assert str(refused.value).startswith(fault)
    with pytest.raises(RunError, match=r"unknown strategy 'other'; known strategies: always_long, .*; strategies/"):
        registry.create("other", {})


def test_create_name_of_two_files_raises(tmp_path: Path) -> None:
    registry = Registry.discover(write(tmp_path / "strategies", mine=sound("same"), yours=sound("same")))
    assert registry.strategies == BUILT_IN.strategies
    with pytest.raises(RunError) as refused:
        registry.create("same", {})
    assert str(refused.value) == (
        "strategies/mine.py and strategies/yours.py: the name 'same' is taken twice; "
        "give AlwaysLong or AlwaysLong another one"
    )


def test_discover_skips_files_with_leading_underscore(tmp_path: Path) -> None:
    registry = Registry.discover(write(tmp_path / "strategies", _shared="raise ValueError"))
    assert (registry.strategies, registry.faults) == (BUILT_IN.strategies, {})


def test_import_that_does_not_end_is_a_fault_of_its_file(tmp_path: Path) -> None:
    endless = "while True:\n    try:\n        pass\n    except Exception:\n        pass\n"
    began = time.monotonic()
    registry = Registry.discover(write(tmp_path / "strategies", endless=endless, mine=sound("always_long")))
    assert time.monotonic() - began < IMPORT_SECONDS + 5
    assert registry.own == ["always_long"]
    assert registry.faults["endless"].startswith("strategies/endless.py cannot be imported: line ")
    assert registry.faults["endless"].endswith(": it ran longer than 5 s")


def test_load_file_outside_the_folder(tmp_path: Path) -> None:
    (strategy,) = load_file(write(tmp_path, mine=sound("always_long")) / "mine.py", BUILT_IN.strategies)
    assert strategy.name == "always_long"


@pytest.mark.parametrize(
    ("file", "reason"),
    [("absent.py", "absent.py: there is no such file"), ("text.txt", "text.txt is no Python file: its name must end")],
)
def test_load_file_that_is_no_strategy_file_raises(tmp_path: Path, file: str, reason: str) -> None:
    (tmp_path / "text.txt").write_text("text")
    with pytest.raises(StrategyFileError, match=reason):
        load_file(tmp_path / file, BUILT_IN.strategies)


def test_foreign_imports_finds_packages_outside_the_layers(tmp_path: Path) -> None:
    text = "import json, numpy.linalg\nimport scipy.stats as st\ndef late():\n    from pandas import Series\n"
    file = write(tmp_path, mine=text + "from tickfold.strategies import Strategy\n") / "mine.py"
    assert foreign_imports(file) == ["pandas", "scipy"]


@pytest.mark.parametrize("package", sorted(set(PACKAGES) - {"tickfold"}))
def test_allowed_package_is_in_the_layers(package: str) -> None:
    pinned = "".join((ROOT / "requirements" / f"lambda-{layer}.txt").read_text() for layer in ("base", "numeric"))
    assert f"\n{package.replace('_', '-')}==" in pinned


def test_import_of_package_runs_no_user_file(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tickfold", tmp_path / "tickfold", ignore=shutil.ignore_patterns("__pycache__"))
    write(tmp_path / "strategies", mine="from pathlib import Path\nPath('ran').touch()\n" + sound("always_long"))
    program = (
        "import pathlib, tickfold.strategies, tickfold.strategies.files as files\nran = pathlib.Path('ran').exists\n"
    )
    discovery = "names = tickfold.strategies.Registry.discover(files.FOLDER).own\nprint(before, ran(), names)"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}before = ran()\n{discovery}"],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path}:{':'.join(sys.path)}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "False True ['always_long']\n"
