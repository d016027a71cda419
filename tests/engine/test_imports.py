"""The engine stands alone: numpy, and nothing else of Tickfold."""

import subprocess
import sys
from pathlib import Path

import tickfold.engine

PROGRAM = """
import sys
before = set(sys.modules)
import {modules}
print(*sorted(set(sys.modules) - before), sep="\\n")
"""
PACKAGE = Path(tickfold.engine.__file__).parent


def test_engine_imports_only_itself_and_numpy() -> None:
    files = [file.relative_to(PACKAGE.parents[1]).with_suffix("") for file in PACKAGE.rglob("*.py")]
    modules = [".".join(file.parts).removesuffix(".__init__") for file in files]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(modules=", ".join(modules))],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    imported = done.stdout.split()
    assert set(modules) <= set(imported)
    assert {name for name in imported if name.startswith("tickfold")} == {"tickfold", "tickfold.lazy_names", *modules}
    others = {name.partition(".")[0] for name in imported} - set(sys.stdlib_module_names)
    assert {name for name in others if not name.startswith("__")} == {"numpy", "tickfold"}
