"""What `pip install tickfold` gives: the wheel's files, its declared requirements, and that they are enough."""

import ast
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
UV = Path(sys.executable).with_name("uv")
ASSETS = {".css", ".html", ".jinja", ".js", ".json", ".txt", ".typed"}

# The extra that a folder of tickfold needs; "" is what is installed without one.
EXTRAS = {
    "engine": "",
    "protocol": "",
    "strategies": "",
    "client": "client",
    "local": "",
    "alerts": "stack",
    "portfolios": "lake",
    "trading": "lake",
    "report": "",
    "backtests": "lake",
    "market_data": "lake",
    "market_data/sinks": "postgres",
    "realtime": "lake",
    "storage": "lake",
    "cli": "cli",
    "identity": "stack",
}

# Distributions that are imported by themselves and that a declared one always installs.
COMES_WITH = {"boto3": "botocore", "pydantic": "annotated-types", "pyjwt": "cryptography"}

THREE_LINES = """
import pandas as pd, tickfold as tf
days = pd.date_range("2024-01-01", periods=90, freq="B")
close = pd.Series(range(100, 190), index=days, dtype=float)
frame = pd.DataFrame({"Open": close, "High": close, "Low": close, "Close": close})
result = tf.backtest(frame, "sma_cross", fast=2, slow=3)
result.report("page.html")
swept = tf.sweep(frame, "sma_cross", fast=[2, 3], slow=[5, 9])
print(len(swept.table), len(result.equity), "<svg" in result._repr_html_())
print(tf.__file__)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    shutil.copy(ROOT / "pyproject.toml", source)
    for folder in ("components", "embedded", "functions", "tests", "tickfold", "tools"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    _uv("build", "--wheel", "--no-build-isolation", "--python", sys.executable, "--out-dir", target, source)
    return next(target.glob("*.whl"))


def test_wheel_contains_tickfold_alone_with_its_assets(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"tickfold"}
    assets = {str(path.relative_to(ROOT)) for path in (ROOT / "tickfold").rglob("*") if path.suffix in ASSETS}
    assert "tickfold/py.typed" in assets
    assert assets <= set(names)


def test_wheel_alone_is_enough_for_a_notebook(wheel: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    python = venv / "bin" / "python"
    _uv("venv", "--python", sys.executable, venv)
    _uv("pip", "install", "--python", python, "--constraints", ROOT / "requirements" / "dev.txt", wheel)
    done = subprocess.run([python, "-I", "-c", THREE_LINES], capture_output=True, text=True, check=True, cwd=tmp_path)
    numbers, place = done.stdout.splitlines()
    assert numbers == "4 90 True"
    assert Path(place).is_relative_to(venv)
    assert (tmp_path / "page.html").is_file()
    done = subprocess.run([venv / "bin" / "tickfold"], capture_output=True, text=True, check=False, cwd=tmp_path)
    needs = "tickfold: the command line needs the package typer: pip install 'tickfold[cli]'\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", needs)


def test_every_folder_has_its_extra() -> None:
    folders = {path.parent.name for path in (ROOT / "tickfold").glob("*/__init__.py")}
    assert {name for name in EXTRAS if "/" not in name} == folders


@pytest.mark.parametrize("folder", EXTRAS)
def test_imports_of_a_folder_are_declared(folder: str) -> None:
    by_module = packages_distributions()
    apart = {ROOT / "tickfold" / other for other in EXTRAS if other != folder and other.startswith(f"{folder}/")}
    files = (path for path in (ROOT / "tickfold" / folder).rglob("*.py") if not apart.intersection(path.parents))
    imported = {name for path in files for name in _imported(path)}
    stubs = {name for name in imported if name.startswith("mypy_boto3_")}  # imported by the type checker alone
    foreign = imported - stubs - sys.stdlib_module_names - {"tickfold", "embedded"}
    undeclared = {name for name in foreign if not _declared(EXTRAS[folder]) & {d.lower() for d in by_module[name]}}
    assert undeclared == set()


def _uv(*arguments: str | Path) -> None:
    subprocess.run([UV, "--quiet", *arguments], check=True, timeout=300)


def _declared(extra: str) -> set[str]:
    """Return the names of the distributions that `extra` declares, its own extras included."""
    names = set()
    for line in distribution("tickfold").requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            names.add(requirement.name.lower())
            if requirement.name == "tickfold":
                names |= {name for each in requirement.extras for name in _declared(each)}
    return names | {part for whole, part in COMES_WITH.items() if whole in names}


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
