"""Processes of this machine, by their ids."""

import os


def is_alive(pid: int) -> bool:
    """Return whether a process has the id `pid`."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
