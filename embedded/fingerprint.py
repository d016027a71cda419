"""The fingerprint of a deployment: a hash of everything that the program's resources in the emulator depend on.

Whatever is added to the program's inputs is added here: with a fingerprint that leaves something out, a start takes up
the resources of another program.
"""

import hashlib
import json
import platform
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from embedded.configuration import FILE, overrides
from embedded.deployment import environment

_HERE = Path(__file__).parent.parent
"""The tree whose emulator runs; the program may be another tree's."""

_FOLDERS = ("components", "embedded", "functions", "requirements", "statemachines", "strategies", "tickfold")
_FILES = ("__main__.py", FILE, "Pulumi.yaml", "pyproject.toml")


def fingerprint(root: Path, endpoint_url: str, settings: Mapping[str, str]) -> str:
    """Return the fingerprint of the program at `root` with `settings`, deployed to the emulator at `endpoint_url`."""
    made_from = {
        "endpoint": endpoint_url,
        "overrides": overrides(settings),
        "environment": environment(),
        "interpreter": [sys.version, sys.executable, platform.machine()],
        "packages": sorted(_packages()),
        "program": sources(root),
        "emulator": sources(_HERE),
    }
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()


def _packages() -> Iterator[str]:
    """Yield name and version of each installed package, as its directory of metadata has them."""
    for place in map(Path, sys.path):
        if place.name in ("site-packages", "dist-packages"):
            yield from (found.name for found in place.glob("*-info"))


def sources(root: Path) -> dict[str, str]:
    """Return the hash of each file of a source tree that the program or the emulator can read, by its path."""
    found = [path for folder in _FOLDERS for path in (root / folder).rglob("*")]
    read = [path for path in (*found, *(root / file for file in _FILES)) if path.is_file()]
    sources = [path for path in read if "__pycache__" not in path.parts]
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in sources}
