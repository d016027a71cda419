"""Everything that the program's resources depend on changes the fingerprint of a deployment."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import source_from_cache
from pathlib import Path

import pytest

from embedded.configuration import FILE
from embedded.deployment import environment
from embedded.fingerprint import fingerprint, sources
from embedded.stack import ROOT, EmbeddedStack

ENDPOINT = "http://127.0.0.1:4566"
SETTINGS = {"issuer": "http://127.0.0.1:9"}
Change = Callable[[Path, pytest.MonkeyPatch], None]
FOLDERS = ("components", "embedded", "functions", "statemachines", "strategies", "tickfold")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source tree with one file a folder, and a directory of installed packages."""
    root = tmp_path / "tree"
    for folder in FOLDERS:
        (root / folder / "below").mkdir(parents=True)
        (root / folder / "below" / "file.py").write_text("before")
    for file in ("__main__.py", FILE):
        (root / file).write_text("before")
    (tmp_path / "site-packages" / "lib-1.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path / "site-packages")
    return root


def of(tree: Path) -> str:
    return fingerprint(tree, ENDPOINT, SETTINGS)


@pytest.mark.parametrize("name", [*(f"{folder}/below/file.py" for folder in FOLDERS), "__main__.py", FILE])
def test_fingerprint_changes_with_each_file(tree: Path, name: str) -> None:
    before = of(tree)
    (tree / name).write_text("after")
    changed = of(tree)
    (tree / name).unlink()
    assert len({before, changed, of(tree)}) == 3
    (tree / name).write_text("before")
    assert of(tree) == before


@pytest.mark.parametrize("folder", FOLDERS)
def test_fingerprint_changes_with_a_files_place(tree: Path, folder: str) -> None:
    before = of(tree)
    (tree / folder / "below" / "file.py").rename(tree / folder / "file.py")
    assert of(tree) != before


def upgrade_a_package(tree: Path, _patch: pytest.MonkeyPatch) -> None:
    installed = tree.parent / "site-packages"
    (installed / "lib-1.0.dist-info").rename(installed / "lib-1.1.dist-info")


def other_variable(name: str) -> Change:
    return lambda _tree, patch: patch.setenv(name, "/elsewhere")


VARIABLES = ("HOME", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH", "TMPDIR", "TZ")
MACHINES: dict[str, Change] = {
    "package": upgrade_a_package,
    **{name: other_variable(name) for name in VARIABLES},
    "cores": lambda _tree, patch: patch.setattr("os.cpu_count", lambda: 97),
    "Python": lambda _tree, patch: patch.setattr(sys, "version", "3.99"),
    "interpreter": lambda _tree, patch: patch.setattr(sys, "executable", "/usr/bin/other"),
    "processor": lambda _tree, patch: patch.setattr("platform.machine", lambda: "other"),
}


@pytest.mark.parametrize("change", MACHINES.values(), ids=MACHINES)
def test_fingerprint_changes_with_the_machine(tree: Path, monkeypatch: pytest.MonkeyPatch, change: Change) -> None:
    before = of(tree)
    change(tree, monkeypatch)
    assert of(tree) != before


def test_fingerprint_changes_with_the_ports_of_the_stack(tree: Path) -> None:
    others = (fingerprint(tree, "http://127.0.0.1:4567", SETTINGS), fingerprint(tree, ENDPOINT, {"issuer": "other"}))
    assert len({of(tree), *others}) == 3


def test_fingerprint_is_the_same_in_every_terminal(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = of(tree)
    for name in ("AWS_PROFILE", "PATH", "PULUMI_HOME", "PWD", "SHLVL", "TICKFOLD_STATE_DIR"):
        monkeypatch.setenv(name, "other")
    monkeypatch.chdir(tree)
    for folder in ("__pycache__", "tickfold/__pycache__", "build"):
        (tree / folder).mkdir()
        (tree / folder / "derived").write_text("")
    assert of(tree) == before


def test_program_has_no_variable_that_the_fingerprint_has_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", "{}")
    shown = subprocess.run(
        [sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"],
        env=environment(),
        capture_output=True,
        check=True,
        cwd=tmp_path,
    ).stdout
    assert set(json.loads(shown)) - set(environment()) <= {"LC_CTYPE"}  # which Python sets


AUDIT = """
import json, os, runpy, sys
opened = set()

def note(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        opened.add(os.path.abspath(arguments[0]))

sys.addaudithook(note)
try:
    runpy.run_module("embedded.program", run_name="__main__")
except SystemExit as ended:
    assert not ended.code, ended.code
finally:
    print("\\n".join(sorted(opened)))
"""


def test_program_opens_no_file_of_the_tree_that_the_fingerprint_has_not(stack: EmbeddedStack, tmp_path: Path) -> None:
    shutil.copy(stack.log_file.parent / "state.json", tmp_path)  # so that nothing is created twice
    settings = json.dumps({"issuer": stack.issuer.url, "audience": "tickfold-embedded"})
    command = [sys.executable, "-c", AUDIT, stack.endpoint_url, str(tmp_path / "deployment.json"), settings]
    ran = subprocess.run(command, env=environment(), cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [Path(line) for line in ran.stdout.splitlines() if line.startswith(f"{ROOT}/")]
    files = {Path(source_from_cache(str(path))) if path.suffix == ".pyc" else path for path in paths}
    read = {file.relative_to(ROOT).as_posix() for file in files}
    own = {place for place in read if place.split("/")[0] not in (".venv", "build")}  # packages, and what is derived
    assert {"__main__.py", FILE, "components/backtests.py", "functions/settings.py"} <= own
    assert own <= set(sources(ROOT))
