"""The emulator's resources as a file: all that a program has created, without what buckets, tables and secrets hold.

The format is MiniStack's, and belongs to its version: it is read by none but the one that has written it.
"""

import json
from pathlib import Path

from ministack import app
from ministack.core import persistence


def save_resources(file: Path) -> None:
    """Write the resources of this process's emulator to `file`, which appears once it is whole.

    The code of functions is written beside it, into MiniStack's directory of state.
    """
    services = {name: state() for name, state in app._build_persistence_save_dict().items()}
    for secret in services["secretsmanager"]["secrets"].all_values():
        for version in secret["Versions"].values():
            version |= {"SecretString": None, "SecretBinary": None}
    unfinished = file.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(services, default=persistence._json_default))
    unfinished.replace(file)


def restore_resources(file: Path) -> None:
    """Restore the resources in `file`, before this process's emulator takes requests."""
    services = json.loads(file.read_text(), object_hook=persistence._json_object_hook)
    for name, state in services.items():
        app._get_module(app._state_map[name]).load_persisted_state(state)
