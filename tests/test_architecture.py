"""Which folder may import which (the contracts in pyproject.toml), and what importing a folder loads."""

import pkgutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import tickfold
import tickfold.client
import tickfold.protocol

ROOT = Path(__file__).resolve().parents[1]

LOADED_BY_ENGINE = """
import importlib, pkgutil, sys
before = set(sys.modules)
import tickfold.engine
for found in pkgutil.walk_packages(tickfold.engine.__path__, "tickfold.engine."):
    importlib.import_module(found.name)
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before} - sys.stdlib_module_names))
print(*sorted(name for name in sys.modules if name.startswith("tickfold.")))
"""


def test_imports_point_one_way() -> None:
    # In a process of its own: it switches off the loggers that are there, and other tests read what functions log.
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_engine_loads_numpy_and_nothing_else() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED_BY_ENGINE], capture_output=True, text=True, check=True)
    distributions, modules = done.stdout.splitlines()
    assert distributions.split() == ["numpy", "tickfold"]
    assert [name for name in modules.split() if not name.startswith(("tickfold.engine", "tickfold.lazy_names"))] == []


@pytest.mark.parametrize("folder", ["strategies", "protocol", "client"])
def test_import_starts_no_aws_client(folder: str) -> None:
    code = f"import sys, tickfold.{folder}; print({{'boto3', 'pyarrow', 'pandas'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


LIGHT = """
import sys, tickfold
assert {"backtest", "sweep", "walk_forward", "universe", "Strategy"} <= {*dir(tickfold)}
print({"boto3", "numpy", "pandas", "pyarrow", "pydantic"} & set(sys.modules))
"""

LOCAL = """
import importlib, pkgutil, sys, tickfold.local
for found in pkgutil.walk_packages(tickfold.local.__path__, "tickfold.local."):
    importlib.import_module(found.name)
print({"boto3", "botocore", "pandas", "polars", "rich", "tenacity", "typer", "websockets"} & set(sys.modules))
"""


@pytest.mark.parametrize("code", [LIGHT, LOCAL], ids=["tickfold", "tickfold.local"])
def test_import_for_a_notebook_is_light(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("package", [tickfold, tickfold.client, tickfold.protocol])
def test_names_of_a_package_are_what_type_checkers_see(package: ModuleType) -> None:
    """Type checkers read the imports that do not happen, and see the names that are in `__all__`."""
    names = set(package.__all__)
    assert {name for name in names if not hasattr(package, name)} == set()
    submodules = {found.name for found in pkgutil.iter_modules(package.__path__)}
    others = {name for name in dir(package) if not name.startswith("__")} - names - submodules
    assert others <= {"TYPE_CHECKING", "lazy_names"}


def test_unknown_name_of_a_package_is_an_error_as_of_a_module() -> None:
    with pytest.raises(AttributeError, match=r"^module 'tickfold' has no attribute 'backtset'$"):
        _ = tickfold.backtset  # type: ignore[attr-defined]


def test_name_of_a_package_is_imported_once() -> None:
    first = tickfold.protocol.Result
    assert vars(tickfold.protocol)["Result"] is first
