"""Compiles modules for Lambda's Python, which could not keep what it compiles: what it unpacks is read-only there.

The bytecode of another version is ignored, so it takes an interpreter of that very version. Where this machine has
none, archives have no bytecode: they work, and start more slowly.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal

_ASK = "import sys; print('%d.%d' % sys.version_info[:2], sys.implementation.cache_tag)"

Mode = Literal["checked-hash", "unchecked-hash"]
"""Whether Python compares the source with the bytecode's hash of it, and compiles it anew if it is another."""


def find_interpreter(version: str) -> Path | None:
    """Return a CPython of `version`, such as "3.13": this one, one on the PATH, or one of pyenv's; None if none is."""
    return next((found for found in _candidates(version) if _is_of(found, version)), None)


def _candidates(version: str) -> Iterator[Path]:
    yield Path(sys.executable)
    if on_path := shutil.which(f"python{version}"):
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"), reverse=True)


@cache
def _is_of(interpreter: Path, version: str) -> bool:
    """Return whether it runs, which a shim on the PATH may not, and is of that version; asked once for all layers."""
    asked = subprocess.run([interpreter, "-I", "-c", _ASK], capture_output=True, text=True, check=False)  # noqa: S603
    return asked.stdout.split() == [version, f"cpython-{version.replace('.', '')}"]


def compile_modules(interpreter: Path, target: Path, mounted: str, mode: Mode) -> None:
    """Compile the modules below `target`, each beside its source. A module that does not compile is left as it is.

    The bytecode is reproducible: it holds its source's hash instead of a time, and the directory where Lambda has it,
    `mounted`, instead of a path of this machine. What may be edited where it is deployed must be of the checked mode.
    """
    subprocess.run(  # noqa: S603 # all of it stands here
        [
            *(interpreter, "-I", "-m", "compileall", "-q", "-q", "-j", "0"),
            *("--invalidation-mode", mode),
            *("-s", target, "-p", mounted),
            target,
        ],
        capture_output=True,
        check=False,
    )


def bytecode_of(module: Path, version: str) -> Path:
    """Return where the bytecode of the source file `module` lies, if it has any."""
    return module.parent / "__pycache__" / f"{module.stem}.cpython-{version.replace('.', '')}.pyc"
