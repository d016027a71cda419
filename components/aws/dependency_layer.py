"""Builds a Lambda layer from a requirements file: the wheels for Lambda's processor, without files no run loads.

With bytecode, where the machine that builds has Lambda's Python: layers are read-only, so without it each cold start
compiles what it imports.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from uv import find_uv_bin

from components.aws.archive import Archive, archive_of, write_archive

ARCHITECTURE = "arm64"
PYTHON_VERSION = "3.13"
RUNTIME = f"python{PYTHON_VERSION}"

_BYTECODE_TAG = f"cpython-{PYTHON_VERSION.replace('.', '')}"
NO_COMPILER = f"layers have no bytecode, and cold starts are slower: there is no {RUNTIME} on the path"
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


# Unchecked: bytecode that is compared with the times of sources would differ in every build, and Lambda's files have
# the archive's times. One process and sorted files: what is interned, and so the bytecode, depends on the order.
_COMPILE = """
import compileall, py_compile, sys
unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
place = {"stripdir": sys.argv[1], "prependdir": "/opt/python"}
compileall.compile_dir(sys.argv[1], quiet=2, invalidation_mode=unchecked, **place)
"""
_VERSION = "import sys; print(sys.version)"


class LayerBuildError(Exception):
    """A layer could not be built; the message says which requirements file, and holds uv's own message."""


@dataclass(frozen=True)
class Compiler:
    """A Python of Lambda's version, by its path; `version` tells its builds apart, whose bytecode may differ."""

    path: str
    version: str


def build_layer(name: str, requirements: Path, build: Path, compiler: Compiler | None = None) -> Archive:
    """Install `requirements` for Lambda, drop unused files, and zip the rest into the directory `build`.

    The archive of an unchanged requirements file is reused. With a `compiler` it has bytecode.

    Raises:
        LayerBuildError: a package lacks a hash, has another one, or has no wheel for Lambda's Python and processor.
    """
    recipe = requirements.read_bytes() + Path(__file__).read_bytes() + (compiler.version if compiler else "").encode()
    archive = archive_of(name, recipe, build)
    if not archive.path.exists():
        with tempfile.TemporaryDirectory() as directory:
            target = Path(directory, "python")
            _install(requirements, target)
            if compiler:
                _compile(compiler, target)
            write_archive(archive, dict(_files(target)))
    return archive


def find_compiler() -> Compiler | None:
    """Return the Python of Lambda's version that is on the path, or None if there is none that runs."""
    found = shutil.which(RUNTIME)
    if found is None:
        return None
    done = subprocess.run([found, "-I", "-c", _VERSION], capture_output=True, text=True, check=False)  # noqa: S603
    return Compiler(found, done.stdout) if done.stdout.startswith(f"{PYTHON_VERSION}.") else None


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


def _compile(compiler: Compiler, target: Path) -> None:
    """Compile the modules below `target`; one that Lambda's Python cannot compile stays without bytecode."""
    # The order of sets in bytecode depends on the seed of hashes.
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    subprocess.run([compiler.path, "-c", _COMPILE, str(target)], env=environment, check=False)  # noqa: S603


def _files(target: Path) -> Iterator[tuple[str, Path]]:
    for path in target.rglob("*"):
        place = PurePosixPath(path.relative_to(target).as_posix())
        if path.is_file() and is_used(place):
            yield f"python/{place}", path
            compiled = path.parent / "__pycache__" / f"{path.stem}.{_BYTECODE_TAG}.pyc"
            if path.suffix == ".py" and compiled.exists():
                yield f"python/{place.parent / '__pycache__' / compiled.name}", compiled
