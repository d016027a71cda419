"""Builds a Lambda layer from a requirements file: the wheels for Lambda's processor, without files no run loads, and
with bytecode."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from uv import find_uv_bin

from components.aws.archive import Archive, archive_of, write_archive
from components.aws.bytecode import bytecode_of, compile_modules, find_interpreter

ARCHITECTURE = "arm64"
PYTHON_VERSION = "3.13"
RUNTIME = f"python{PYTHON_VERSION}"

_PLATFORM = "aarch64-manylinux_2_34"
"""Amazon Linux 2023, on which the runtime is based, has glibc 2.34."""
_INSTALL = [
    *("pip", "install", "--quiet", f"--python={sys.executable}"),
    *("--require-hashes", "--no-deps", "--only-binary=:all:"),
    *(f"--python-platform={_PLATFORM}", f"--python-version={PYTHON_VERSION}"),
]

_UNUSED_DIRECTORIES = {"__pycache__", "include", "test", "tests"}
_UNUSED_SUFFIXES = {".a", ".c", ".cc", ".cpp", ".h", ".hpp", ".pxd", ".pxi", ".pyc", ".pyi", ".pyx"}
# The installer's own records, which differ from one installation to the next.
_INSTALLER_FILES = {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_cache.json"}
_UNUSED_FILES = (
    ".lock",
    "bin/*",
    "pyarrow/src/*",
    "pyarrow/*gandiva*",
    "pyarrow/*flight*",
    "pyarrow/_orc.*",
    "pyarrow/_cuda.*",
    "pyarrow/_azurefs.*",
    "pyarrow/_gcsfs.*",
    "pyarrow/_hdfs.*",
    "pyarrow/_s3fs.*",
    "pyarrow/libarrow_s3.*",
    "pyarrow/_pyarrow_cpp_tests.*",
    # A wheel holds no links, so each of these is one more copy of the library whose name ends in .so.VERSION.
    "pyarrow/lib*_python*.so",
    "pyarrow/lib*.so.*.*.*",
)


class LayerBuildError(Exception):
    """A layer could not be built; the message says which requirements file, and holds uv's own message."""


def build_layer(name: str, requirements: Path, build: Path) -> Archive:
    """Install `requirements` for Lambda, drop unused files, and zip the rest into the directory `build`.

    Where this machine has Lambda's version of Python, its bytecode is there too. The archive of an unchanged
    requirements file is reused.

    Raises:
        LayerBuildError: a package lacks a hash, has another one, or has no wheel for Lambda's Python and processor.
    """
    interpreter = find_interpreter(PYTHON_VERSION)
    recipe = requirements.read_bytes() + Path(__file__).read_bytes() + (b"bytecode" if interpreter else b"")
    archive = archive_of(name, recipe, build)
    if not archive.path.exists():
        with tempfile.TemporaryDirectory() as directory:
            target = Path(directory, "python")
            _install(requirements, target)
            if interpreter:
                compile_modules(interpreter, target, "/opt/python", "unchecked-hash")
            write_archive(archive, dict(_files(target)))
    return archive


def is_used(path: PurePosixPath) -> bool:
    """Return whether a run may load the file at `path`, relative to where packages are installed."""
    return not (
        _UNUSED_DIRECTORIES.intersection(path.parts[:-1])
        or path.suffix in _UNUSED_SUFFIXES
        or (path.parts[0].endswith(".dist-info") and path.name in _INSTALLER_FILES)
        or any(fnmatch(str(path), pattern) for pattern in _UNUSED_FILES)
    )


def _install(requirements: Path, target: Path) -> None:
    command = [find_uv_bin(), *_INSTALL, "--target", str(target), "--requirement", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 # all of it stands above
    if done.returncode != 0:
        raise LayerBuildError(
            f"uv could not install {requirements} for Lambda ({RUNTIME}, {ARCHITECTURE}):\n{done.stderr}"
        )


def _files(target: Path) -> Iterator[tuple[str, Path]]:
    for path in target.rglob("*"):
        place = PurePosixPath(path.relative_to(target).as_posix())
        if path.is_file() and is_used(place):
            yield f"python/{place}", path
            if path.suffix == ".py" and (compiled := bytecode_of(path, PYTHON_VERSION)).exists():
                yield f"python/{compiled.relative_to(target).as_posix()}", compiled
