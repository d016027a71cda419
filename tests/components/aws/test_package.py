"""The package: the code archive holds what handlers import and no more, and functions get the layers they import."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from components.aws.bytecode import bytecode_of
from components.aws.package import build_code
from tests.components.aws.test_bytecode import THIS
from tests.components.capture import ROOT

ABSENT = "3.99"
"""A version of Python that no machine has."""


def test_code_has_functions_and_library_but_no_client() -> None:
    with zipfile.ZipFile(build_code(THIS).path) as code:
        names = code.namelist()
    assert {"functions/websocket/connect.py", "functions/backtests/reduce.py", "tickfold/protocol/config.py"} <= set(
        names
    )
    assert {name.partition("/")[0] for name in names} - {"strategies"} == {"functions", "tickfold"}
    assert [name for name in names if name.startswith(("tickfold/cli/", "tickfold/client/", "tickfold/local/"))] == []
    assert not {"tickfold/strategies/checks.py", "strategies/README.md"} & set(names)


def test_code_has_the_user_s_own_strategies(tmp_path: Path) -> None:
    (tmp_path / "strategies" / "__pycache__").mkdir(parents=True)
    for file in ("mine.py", "_shared.py", "README.md", "__pycache__/mine.cpython-313.pyc"):
        (tmp_path / "strategies" / file).write_text("text")
    with zipfile.ZipFile(build_code(ABSENT, tmp_path).path) as code:
        assert code.namelist() == ["strategies/_shared.py", "strategies/mine.py"]


def test_code_has_the_bytecode_of_each_module() -> None:
    with zipfile.ZipFile(build_code(THIS).path) as code:
        names = set(code.namelist())
    modules = {name for name in names if name.endswith(".py")}
    compiled = {bytecode_of(Path(module), THIS).as_posix() for module in modules}
    assert {name for name in names if "__pycache__" in name} == compiled


def test_code_that_is_edited_where_it_is_deployed_is_what_runs(tmp_path: Path) -> None:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "mine.py").write_text("FAST = 10\n")
    deployed = tmp_path / "deployed"
    with zipfile.ZipFile(build_code(THIS, tmp_path).path) as code:
        code.extractall(deployed)
    (deployed / "strategies" / "mine.py").write_text("FAST = 20\n")
    asked = [sys.executable, "-c", "from strategies import mine; print(mine.FAST)"]
    assert subprocess.run(asked, cwd=deployed, check=True, capture_output=True, text=True).stdout == "20\n"


def test_module_of_the_user_that_does_not_compile_is_packaged_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "mine.py").write_text("print 'of long ago'\n")
    with zipfile.ZipFile(build_code(THIS, tmp_path).path) as code:
        assert code.namelist() == ["strategies/mine.py"]


def test_code_is_reproducible(tmp_path: Path) -> None:
    (tmp_path / "strategies").mkdir()
    mine = tmp_path / "strategies" / "mine.py"
    mine.write_text("FAST = 10\n")
    first = build_code(THIS, tmp_path)
    content = first.path.read_bytes()
    first.path.unlink()
    mine.touch()
    assert build_code(THIS, tmp_path).path.read_bytes() == content
    mine.write_text("FAST = 20\n")
    assert build_code(THIS, tmp_path).key != first.key


IMPORT = """
import importlib, json, sys
module = importlib.import_module(sys.argv[1])
assert sys.argv[2] in module.__file__, module.__file__
json.dump(sorted({name.partition(".")[0] for name in sys.modules}), sys.stdout)
"""
IMPORTS = {
    "websocket.connect": set(),
    "websocket.disconnect": set(),
    "api.http": set(),
    "websocket.message": {"numpy"},
    "backtests.plan": {"numpy"},
    "backtests.simulate": {"numpy", "pyarrow"},
    "backtests.reduce": {"numpy", "pyarrow"},
    "backtests.report_failure": set(),
    "backtests.reconcile": set(),
    "market_data.fetch": {"numpy", "pyarrow"},
    "market_data.tick": {"numpy"},
    "market_data.compact": {"numpy", "pyarrow"},
    "trading.trade": {"numpy", "pyarrow"},
    "trading.export_portfolios": {"numpy", "pyarrow"},
    "market_data.export": set(),
    "market_data.check_feed": {"numpy"},
    "market_data.quotes": {"numpy"},
    "market_data.catch_up": {"numpy"},
    "alerts.evaluate": {"numpy"},
    "alerts.check_silence": {"numpy"},
    "alerts.send": set(),
    "alerts.follow_link": set(),
}


@pytest.mark.parametrize("module", IMPORTS)
def test_handler_imports_only_the_code_and_its_layers(module: str, tmp_path: Path) -> None:
    code = build_code(THIS).path
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, f"functions.{module}", str(code)],
        env={"PYTHONPATH": str(code), "AWS_DEFAULT_REGION": "eu-north-1", "PATH": os.environ["PATH"]},
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    imported = set(json.loads(done.stdout))
    assert imported & {"numpy", "pyarrow", "pandas"} <= IMPORTS[module]
    assert not imported & {"pulumi", "typer", "rich", "websockets", "ministack"}


LAYERED = """
import json, sys
sys.path[:0] = ["."]
from tests.components.capture import configuration_of, run_program
stack = run_program(configuration_of("dev"))
json.dump([[resource.token, resource.name, resource.inputs.get("layers"), resource.inputs.get("s3Key"),
    resource.inputs.get("compatibleArchitectures"), resource.inputs.get("compatibleRuntimes")]
    for resource in stack.resources], sys.stdout)
"""


def test_functions_get_the_layers_that_they_import(tmp_path: Path) -> None:
    for folder in ("components", "functions", "statemachines", "tickfold", "tests/components"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("__main__.py", "Pulumi.dev.yaml"):
        shutil.copy(ROOT / file, tmp_path / file)
    (tmp_path / "requirements").mkdir()
    for layer in ("base", "identity", "numeric", "postgres"):
        (tmp_path / "requirements" / f"lambda-{layer}.txt").write_text("# nothing, so that it is built at once\n")
    done = subprocess.run([sys.executable, "-c", LAYERED], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    registered = json.loads(done.stdout)
    layers = {name: rest for kind, name, *rest in registered if kind == "aws:lambda/layerVersion:LayerVersion"}
    assert layers.keys() == {f"tickfold-test-{layer}" for layer in ("base", "identity", "numeric", "postgres")}
    for _, key, architectures, runtimes in layers.values():
        assert key.startswith(("lambda/base-", "lambda/identity-", "lambda/numeric-", "lambda/postgres-"))
        assert (architectures, runtimes) == (["arm64"], ["python3.13"])
    used = {
        name.removeprefix("tickfold-test-").removesuffix("-function"): [arn.split(":")[6] for arn in arns]
        for kind, name, arns, *_ in registered
        if kind == "aws:lambda/function:Function"
    }
    base, both = ["tickfold-test-base"], ["tickfold-test-base", "tickfold-test-numeric"]
    assert used == {
        "authorize": ["tickfold-test-base", "tickfold-test-identity"],
        "connect": base,
        "disconnect": base,
        "message": both,
        "http": both,
        "fetch": both,
        "plan": both,
        "simulate": both,
        "reduce": both,
        "report-failure": base,
        "reconcile": base,
        "deliver": base,
        "tick": both,
        "compact": both,
        "trade": both,
        "export-portfolios": both,
        "check-feed": both,
        "quotes": both,
        "catch-up": [*both, "tickfold-test-postgres"],
        "evaluate": both,
        "check-silence": both,
        "send": base,
        "follow-link": base,
        "export": ["tickfold-test-base", "tickfold-test-postgres"],
    }
