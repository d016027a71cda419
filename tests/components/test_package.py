"""What Lambda is given: archives that can be reproduced, that fit, and that hold what a handler imports, no more."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import numpy
import pyarrow
import pytest

from components.aws.archive import UNZIPPED_LIMIT, Archive, ArchivesTooLargeError, check_unzipped_size, write_archive
from components.aws.dependency_layer import LayerBuildError, build_layer, is_used, requirements_for_lambda
from components.aws.package import build_code

from .capture import ROOT

# --- archives --------------------------------------------------------------------------------------------------------


def archive_from(directory: Path, contents: Mapping[str, bytes], *, mode: int = 0o644, time: int = 0) -> Archive:
    files = {}
    for place, content in contents.items():
        path = directory / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(mode)
        os.utime(path, (time, time))
        files[place] = path
    archive = Archive("probe", directory / "probe.zip")
    write_archive(archive, files)
    return archive


def test_same_files_give_the_same_bytes_whatever_their_order_times_and_modes(tmp_path: Path) -> None:
    contents = {"b/c.py": b"two", "a.py": b"one"}
    backwards = dict(reversed(contents.items()))
    first = archive_from(tmp_path / "1", contents, time=1_000_000_000)
    second = archive_from(tmp_path / "2", backwards, mode=0o700, time=1_700_000_000)
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.key == second.key


def test_archive_can_be_unzipped(tmp_path: Path) -> None:
    archive = archive_from(tmp_path, {"b/c.py": b"two", "a.py": b"one"})
    with zipfile.ZipFile(archive.path) as unzipped:
        assert unzipped.namelist() == ["a.py", "b/c.py"]
        assert unzipped.read("b/c.py") == b"two"
        assert {entry.external_attr >> 16 & 0o777 for entry in unzipped.infolist()} == {0o644}
    assert archive.unzipped_bytes == 6


def test_key_and_hash_change_with_the_content(tmp_path: Path) -> None:
    first = archive_from(tmp_path / "1", {"a.py": b"one"})
    second = archive_from(tmp_path / "2", {"a.py": b"two"})
    assert first.key != second.key
    assert first.source_code_hash == base64.b64encode(hashlib.sha256(first.path.read_bytes()).digest()).decode()
    assert first.source_code_hash != second.source_code_hash


def test_archives_up_to_lambda_s_limit_are_accepted_and_one_byte_more_is_refused(tmp_path: Path) -> None:
    quarter = archive_from(tmp_path / "1", {"zeros": bytes(UNZIPPED_LIMIT // 4)})
    byte = archive_from(tmp_path / "2", {"zero": bytes(1)})
    full = [Archive(name, quarter.path) for name in ("code", "base", "numeric", "other")]
    check_unzipped_size(full)
    with pytest.raises(ArchivesTooLargeError) as refused:
        check_unzipped_size([*full, byte])
    assert "262,144,001 bytes unzipped" in str(refused.value)
    assert "numeric 65,536,000" in str(refused.value)
    assert "Lambda allows 262,144,000" in str(refused.value)


# --- code ------------------------------------------------------------------------------------------------------------


def test_code_holds_functions_and_library_but_nothing_of_the_client() -> None:
    with zipfile.ZipFile(build_code().path) as code:
        names = code.namelist()
    assert {"functions/websocket/connect.py", "functions/backtests/reduce.py", "tickfold/protocol/config.py"} <= set(
        names
    )
    assert {name.partition("/")[0] for name in names} - {"strategies"} == {"functions", "tickfold"}
    assert [
        name for name in names if "__pycache__" in name or name.startswith(("tickfold/cli/", "tickfold/client/"))
    ] == []
    assert not {"tickfold/strategies/checks.py", "strategies/README.md"} & set(names)


def test_code_holds_the_users_own_strategies(tmp_path: Path) -> None:
    (tmp_path / "strategies" / "__pycache__").mkdir(parents=True)
    for file in ("mine.py", "_shared.py", "README.md", "__pycache__/mine.cpython-313.pyc"):
        (tmp_path / "strategies" / file).write_text("text")
    with zipfile.ZipFile(build_code(tmp_path).path) as code:
        assert code.namelist() == ["strategies/_shared.py", "strategies/mine.py"]


def test_code_is_built_the_same_twice() -> None:
    first = build_code()
    content = first.path.read_bytes()
    assert build_code().path.read_bytes() == content


IMPORT = """
import importlib, json, sys
module = importlib.import_module(sys.argv[1])
assert sys.argv[2] in module.__file__, module.__file__
json.dump(sorted({name.partition(".")[0] for name in sys.modules}), sys.stdout)
"""
IMPORTS = {
    "websocket.connect": set(),
    "websocket.disconnect": set(),
    "websocket.message": {"numpy"},
    "backtests.plan": {"numpy"},
    "backtests.simulate": {"numpy", "pyarrow"},
    "backtests.reduce": {"numpy", "pyarrow"},
    "backtests.report_failure": set(),
}


@pytest.mark.parametrize("module", IMPORTS)
def test_handler_imports_from_the_archive_only_what_its_layers_hold(module: str, tmp_path: Path) -> None:
    code = build_code().path
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


# --- layers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "numpy/__init__.py",
        "numpy/testing/__init__.py",
        "numpy/_core/_multiarray_umath.cpython-313-aarch64-linux-gnu.so",
        "numpy.libs/libscipy_openblas64_-1b7162d6.so",
        "pyarrow/parquet/core.py",
        "pyarrow/libarrow.so.2600",
        "pyarrow/libarrow_substrait.so.2600",
        "pyarrow/libarrow_python.so.2600",
        "pyarrow/libparquet.so.2600",
        "pyarrow-26.0.1.dist-info/METADATA",
        "botocore/data/s3/2006-03-01/service-2.json.gz",
    ],
)
def test_what_a_run_may_load_is_kept(path: str) -> None:
    assert is_used(PurePosixPath(path))


@pytest.mark.parametrize(
    "path",
    [
        "numpy/_core/tests/test_umath.py",
        "numpy/_core/include/numpy/ndarraytypes.h",
        "numpy/_core/lib/libnpymath.a",
        "numpy/__init__.pxd",
        "numpy/__init__.pyi",
        "numpy/__pycache__/version.cpython-313.pyc",
        "pyarrow/tests/test_array.py",
        "pyarrow/src/arrow/python/api.h",
        "pyarrow/include/arrow/api.h",
        "pyarrow/libarrow_flight.so.2600",
        "pyarrow/_flight.cpython-313-aarch64-linux-gnu.so",
        "pyarrow/_s3fs.cpython-313-aarch64-linux-gnu.so",
        "pyarrow/libarrow_s3.so.2600",
        "pyarrow/libarrow_python.so",
        "pyarrow/libarrow_python.so.2600.1.0",
        "pyarrow-26.0.1.dist-info/RECORD",
        "bin/f2py",
    ],
)
def test_what_no_run_loads_is_left_out(path: str) -> None:
    assert not is_used(PurePosixPath(path))


ROUND_TRIP = """
import io, sys
import numpy as np, pyarrow as pa, pyarrow.parquet as pq
bars = pa.table({"close": np.arange(1000.0), "bar": np.arange(1000)})
for compression in ("snappy", "zstd"):
    written = io.BytesIO()
    pq.write_table(bars, written, compression=compression)
    assert pq.ParquetFile(io.BytesIO(written.getvalue())).read().equals(bars)
print(pa.__file__)
"""


def test_numpy_and_pyarrow_without_what_is_left_out_still_read_and_write_parquet(tmp_path: Path) -> None:
    for package in (numpy, pyarrow):
        link_used(Path(package.__path__[0]).parent, package.__name__, tmp_path)
    link_used(Path(numpy.__path__[0]).parent, "numpy.libs", tmp_path)
    done = subprocess.run(
        # -S: the packages of this environment, which lack nothing, must not help out.
        [sys.executable, "-S", "-B", "-c", ROUND_TRIP],
        env={"PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path))


def link_used(site: Path, package: str, target: Path) -> None:
    for path in (site / package).rglob("*"):
        place = path.relative_to(site)
        if path.is_file() and is_used(PurePosixPath(place.as_posix())):
            (target / place).parent.mkdir(parents=True, exist_ok=True)
            (target / place).symlink_to(path)


def test_requirements_are_chosen_for_lambda_not_for_this_machine() -> None:
    compiled = """
# made by a compiler
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:aa \\
    --hash=sha256:ab
    # via -r lambda-numeric.in
numpy==2.5.5 ; python_full_version >= '3.12' \\
    --hash=sha256:bb
windows-only==1.0 ; sys_platform == 'win32' --hash=sha256:cc
arm==1.0 ; platform_machine == 'aarch64' --hash=sha256:dd
always==1.0 --hash=sha256:ee
"""
    assert requirements_for_lambda(compiled).splitlines() == [
        "numpy==2.5.5 --hash=sha256:bb",
        "arm==1.0 --hash=sha256:dd",
        "always==1.0 --hash=sha256:ee",
    ]


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel in the only place where pip may look."""
    path = tmp_path / "wheels" / "probe-1.0-py3-none-any.whl"
    path.parent.mkdir()
    contents = {
        "probe/__init__.py": "",
        "probe/tests/test_probe.py": "",
        "probe-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: probe\nVersion: 1.0\nRequires-Python: >=3.12\n",
        "probe-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "probe-1.0.dist-info/RECORD": "",
    }
    with zipfile.ZipFile(path, "w") as made:
        for name, content in contents.items():
            made.writestr(name, content)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(path.parent))
    return path


def requirements_of(wheel: Path, sha256: str | None = None) -> Path:
    path = wheel.parent / "requirements.txt"
    path.write_text(f"probe==1.0 --hash=sha256:{sha256 or hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    return path


def test_layer_holds_packages_where_lambda_looks_for_them(wheel: Path, tmp_path: Path) -> None:
    layer = build_layer("probe", requirements_of(wheel), tmp_path / "build")
    with zipfile.ZipFile(layer.path) as unzipped:
        assert unzipped.namelist() == [
            "python/probe-1.0.dist-info/METADATA",
            "python/probe-1.0.dist-info/WHEEL",
            "python/probe/__init__.py",
        ]


def test_layer_is_built_the_same_twice_and_again_only_for_other_requirements(wheel: Path, tmp_path: Path) -> None:
    requirements = requirements_of(wheel)
    first = build_layer("probe", requirements, tmp_path / "1")
    second = build_layer("probe", requirements, tmp_path / "2")
    assert first.path.read_bytes() == second.path.read_bytes()
    wheel.unlink()
    assert build_layer("probe", requirements, tmp_path / "1") == first
    requirements.write_text(requirements.read_text() + "# changed\n")
    with pytest.raises(LayerBuildError):
        build_layer("probe", requirements, tmp_path / "1")


def test_package_with_another_hash_is_refused(wheel: Path, tmp_path: Path) -> None:
    requirements = requirements_of(wheel, sha256="0" * 64)
    with pytest.raises(LayerBuildError, match=r"(?s)could not install .*requirements.txt for Lambda .*HASH") as refused:
        build_layer("probe", requirements, tmp_path / "build")
    assert "python3.13, arm64" in str(refused.value)
    assert not (tmp_path / "build").exists()


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
    for layer in ("base", "identity", "numeric"):
        (tmp_path / "requirements" / f"lambda-{layer}.txt").write_text("# nothing, so that it is built at once\n")
    done = subprocess.run([sys.executable, "-c", LAYERED], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    registered = json.loads(done.stdout)
    layers = {name: rest for kind, name, *rest in registered if kind == "aws:lambda/layerVersion:LayerVersion"}
    assert layers.keys() == {"tickfold-test-base", "tickfold-test-identity", "tickfold-test-numeric"}
    for _, key, architectures, runtimes in layers.values():
        assert key.startswith(("lambda/base-", "lambda/identity-", "lambda/numeric-"))
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
        "plan": both,
        "simulate": both,
        "reduce": both,
        "report-failure": base,
        "deliver": base,
    }
