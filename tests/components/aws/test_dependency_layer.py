"""Dependency layers: wheels for Lambda's processor, verified, pruned, reproducible."""

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy
import pyarrow
import pytest

from components.aws.bytecode import find_interpreter
from components.aws.dependency_layer import PYTHON_VERSION, LayerBuildError, build_layer, is_used


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
def test_is_used_file_that_a_run_may_load(path: str) -> None:
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
def test_is_used_file_that_no_run_loads(path: str) -> None:
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


def test_pruned_numpy_and_pyarrow_read_and_write_parquet(tmp_path: Path) -> None:
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


ARM, ANY, X86 = "cp313-cp313-manylinux_2_34_aarch64", "py3-none-any", "cp313-cp313-manylinux_2_28_x86_64"
NEWER_GLIBC, OTHER_PYTHON = "cp313-cp313-manylinux_2_35_aarch64", "cp312-cp312-manylinux_2_28_aarch64"
Wheel = Callable[..., str]


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wheel:
    """Return a function that makes a wheel in the only place where uv may look, and returns its requirement."""
    directory = tmp_path / "wheels"
    directory.mkdir()
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(directory))

    def make(name: str = "probe", tag: str = ANY) -> str:
        path = directory / f"{name}-1.0-{tag}.whl"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Python: >=3.12\n"
        contents = {
            f"{name}/__init__.py": "",
            f"{name}/tests/test_probe.py": "",
            f"{name}-1.0.dist-info/METADATA": metadata,
            f"{name}-1.0.dist-info/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
            f"{name}-1.0.dist-info/RECORD": "",
        }
        with zipfile.ZipFile(path, "w") as made:
            for place, content in contents.items():
                made.writestr(place, content)
        return f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"

    return make


def requirements_at(directory: Path, *lines: str) -> Path:
    path = directory / "requirements.txt"
    path.write_text("".join(lines))
    return path


def names_in(layer: Path) -> list[str]:
    with zipfile.ZipFile(layer) as unzipped:
        return unzipped.namelist()


def test_layer_has_packages_under_python(wheel: Wheel, tmp_path: Path) -> None:
    layer = build_layer("probe", requirements_at(tmp_path, wheel()), tmp_path / "build")
    bytecode = ["python/probe/__pycache__/__init__.cpython-313.pyc"] if find_interpreter(PYTHON_VERSION) else []
    assert names_in(layer.path) == [
        "python/probe-1.0.dist-info/METADATA",
        "python/probe-1.0.dist-info/WHEEL",
        "python/probe/__init__.py",
        *bytecode,
    ]


def test_layer_is_reproducible_and_rebuilt_only_for_changed_requirements(wheel: Wheel, tmp_path: Path) -> None:
    requirements = requirements_at(tmp_path, wheel())
    first = build_layer("probe", requirements, tmp_path / "1")
    second = build_layer("probe", requirements, tmp_path / "2")
    assert first.path.read_bytes() == second.path.read_bytes()
    (tmp_path / "wheels" / f"probe-1.0-{ANY}.whl").unlink()
    assert build_layer("probe", requirements, tmp_path / "1") == first
    requirements.write_text(requirements.read_text() + "# changed\nother==1.0 --hash=sha256:" + "0" * 64)
    with pytest.raises(LayerBuildError):
        build_layer("probe", requirements, tmp_path / "1")


def test_layer_markers_are_evaluated_for_lambda(wheel: Wheel, tmp_path: Path) -> None:
    markers = {
        "older": "python_full_version < '3.13'",
        "newer": "python_full_version >= '3.13'",
        "windows": "sys_platform == 'win32'",
        "arm": "platform_machine == 'aarch64'",
        "intel": "platform_machine == 'x86_64'",
    }
    lines = [wheel(name).replace(" --hash", f" ; {marker} --hash") for name, marker in markers.items()]
    layer = build_layer("probe", requirements_at(tmp_path, *lines, wheel("always")), tmp_path / "build")
    packages = {name.split("/")[1] for name in names_in(layer.path) if name.endswith("__init__.py")}
    assert packages == {"newer", "arm", "always"}


def test_wheel_for_lambda_s_processor_is_installed(wheel: Wheel, tmp_path: Path) -> None:
    wheel(tag=X86)
    layer = build_layer("probe", requirements_at(tmp_path, wheel(tag=ARM)), tmp_path / "build")
    assert "python/probe/__init__.py" in names_in(layer.path)


@pytest.mark.parametrize("tag", [X86, NEWER_GLIBC, OTHER_PYTHON])
def test_package_without_a_wheel_for_lambda_is_refused_by_name(wheel: Wheel, tmp_path: Path, tag: str) -> None:
    requirements = requirements_at(tmp_path, wheel(tag=tag))
    with pytest.raises(LayerBuildError, match=r"(?s)could not install .*requirements.txt for Lambda .*probe==1.0"):
        build_layer("probe", requirements, tmp_path / "build")


def test_package_without_a_hash_is_refused_by_name(wheel: Wheel, tmp_path: Path) -> None:
    requirements = requirements_at(tmp_path, wheel().partition(" ")[0])
    with pytest.raises(LayerBuildError, match=r"(?s)must have a hash.*probe==1.0"):
        build_layer("probe", requirements, tmp_path / "build")


def test_package_with_another_hash_is_refused(wheel: Wheel, tmp_path: Path) -> None:
    wheel()
    requirements = requirements_at(tmp_path, f"probe==1.0 --hash=sha256:{'0' * 64}")
    with pytest.raises(
        LayerBuildError, match=r"(?s)could not install .*requirements.txt for Lambda .*Hash mismatch"
    ) as refused:
        build_layer("probe", requirements, tmp_path / "build")
    assert "python3.13, arm64" in str(refused.value)
    assert not (tmp_path / "build").exists()
