"""Builds a Lambda layer from a requirements file: the wheels for Lambda's processor without what a run never loads."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement

from components.aws.archive import Archive, archive_of, write_archive

ARCHITECTURE = "arm64"
PYTHON_VERSION = "3.13"
RUNTIME = f"python{PYTHON_VERSION}"

_MACHINE = "aarch64"
# Amazon Linux 2023, on which the runtime stands, has glibc 2.34: it runs wheels for any glibc from 2.17 up to that.
_PLATFORMS = [f"manylinux2014_{_MACHINE}", *(f"manylinux_2_{minor}_{_MACHINE}" for minor in range(17, 35))]
_MARKERS = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": _MACHINE,
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": f"{PYTHON_VERSION}.0",
    "python_version": PYTHON_VERSION,
    "sys_platform": "linux",
}

_UNUSED_DIRECTORIES = {"__pycache__", "include", "test", "tests"}
_UNUSED_SUFFIXES = {".a", ".c", ".cc", ".cpp", ".h", ".hpp", ".pxd", ".pxi", ".pyc", ".pyi", ".pyx"}
# What the installer wrote for itself: it differs from one installation to the next.
_INSTALLER_FILES = {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json"}
_UNUSED_FILES = (
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
    """A layer could not be built; the message holds what pip said."""


def build_layer(name: str, requirements: Path, build: Path) -> Archive:
    """Install `requirements` for Lambda, leave out what is unused, and zip the rest into the directory `build`.

    The archive of an unchanged requirements file is not built again.

    Raises:
        LayerBuildError: a wheel is missing, has another hash, or does not exist for Lambda's processor.
    """
    archive = archive_of(name, requirements.read_bytes() + Path(__file__).read_bytes(), build)
    if not archive.path.exists():
        with tempfile.TemporaryDirectory() as directory:
            target = Path(directory, "python")
            _install(requirements, target)
            write_archive(archive, dict(_files(target)))
    return archive


def is_used(path: PurePosixPath) -> bool:
    """Tell whether the file at `path`, relative to where packages are installed, can ever be needed by a run."""
    return not (
        _UNUSED_DIRECTORIES.intersection(path.parts[:-1])
        or path.suffix in _UNUSED_SUFFIXES
        or (path.parts[0].endswith(".dist-info") and path.name in _INSTALLER_FILES)
        or any(fnmatch(str(path), pattern) for pattern in _UNUSED_FILES)
    )


def requirements_for_lambda(text: str) -> str:
    """Return the requirements in `text` whose markers hold in Lambda, without those markers.

    pip judges markers by the interpreter that it runs on, whatever `--python-version` says, so the same file would
    give another layer on another developer's machine.
    """
    return "".join(_without_marker(line) for line in _logical_lines(text))


def _logical_lines(text: str) -> Iterator[str]:
    kept = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return (line for line in kept.replace("\\\n", " ").splitlines() if line.strip())


def _without_marker(line: str) -> str:
    specifier, *hashes = line.split(" --hash=")
    requirement = Requirement(specifier.strip())
    if requirement.marker is not None and not requirement.marker.evaluate(_MARKERS):
        return ""
    requirement.marker = None
    return " --hash=".join([str(requirement), *(value.strip() for value in hashes)]) + "\n"


def _install(requirements: Path, target: Path) -> None:
    target.mkdir()
    selected = target.with_name("requirements.txt")
    selected.write_text(requirements_for_lambda(requirements.read_text()))
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--no-deps", "--require-hashes", "--only-binary=:all:", "--implementation", "cp"]
    command += ["--python-version", PYTHON_VERSION, *(f"--platform={tag}" for tag in _PLATFORMS)]
    # pip would compare Requires-Python with the interpreter that it runs on, not with Lambda's.
    command += ["--ignore-requires-python", "--target", str(target), "--requirement", str(selected)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 # all of it stands above
    if done.returncode != 0:
        raise LayerBuildError(
            f"pip could not install {requirements} for Lambda ({RUNTIME}, {ARCHITECTURE}):\n{done.stderr}"
        )


def _files(target: Path) -> Iterator[tuple[str, Path]]:
    for path in target.rglob("*"):
        place = PurePosixPath(path.relative_to(target).as_posix())
        if path.is_file() and is_used(place):
            yield f"python/{place}", path
