"""Where Tickfold keeps what is of this machine and may be lost: the embedded stack's record, the shell's history."""

import os
from pathlib import Path


def state_directory() -> Path:
    """Return Tickfold's state directory: TICKFOLD_STATE_DIR, or else `tickfold` in the XDG state home."""
    if chosen := os.environ.get("TICKFOLD_STATE_DIR"):
        return Path(chosen)
    home = os.environ.get("XDG_STATE_HOME")
    return (Path(home) if home else Path.home() / ".local" / "state") / "tickfold"
