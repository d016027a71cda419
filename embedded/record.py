"""The record of the running embedded stack: a file in the state directory, by which the command line finds it."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from embedded import process
from embedded.account import Credentials
from embedded.emulator import responds
from tickfold.state_directory import state_directory

_RECORD_BYTES = 16_384
"""More than a record has."""


@dataclass(frozen=True)
class Record:
    """The endpoint, credentials and outputs of a running stack, and the token endpoint with its client secret."""

    pid: int
    endpoint_url: str
    region: str
    credentials: Credentials
    outputs: dict[str, str]
    token_endpoint: str
    client_secret: str


def path() -> Path:
    """Return the path of the record's file."""
    return state_directory() / "embedded.json"


class StateDirectoryError(Exception):
    """The state directory cannot be written. The message gives the reason and what to do."""


def prepare_directory() -> None:
    """Make the state directory, and try that a record can be written there, before a stack starts in vain.

    Raises:
        StateDirectoryError: it cannot.
    """
    trial = path().with_suffix(f".{os.getpid()}")
    try:
        trial.parent.mkdir(parents=True, exist_ok=True)
        try:
            trial.write_bytes(bytes(_RECORD_BYTES))
        finally:
            trial.unlink(missing_ok=True)
    except OSError as error:
        raise StateDirectoryError(
            f"{trial.parent} cannot be used for the stack's state ({error.strerror}): make it writable or free some "
            "space, or set TICKFOLD_STATE_DIR to another directory"
        ) from error


class AlreadyRunningError(Exception):
    """An embedded stack is already running."""


def refuse_second() -> None:
    """Refuse to start beside a running stack.

    Raises:
        AlreadyRunningError: a stack is running with the same state directory.
    """
    if running := read():
        raise AlreadyRunningError(
            f"an embedded stack is already running (process {running.pid}): {running.outputs['websocket_url']}. "
            "Use it, or stop it with `tickfold down`, or set TICKFOLD_STATE_DIR to another directory to "
            "start a second one"
        )


def write(record: Record) -> None:
    """Write the record, readable by this user only since it contains a key and a secret."""
    path().parent.mkdir(parents=True, exist_ok=True)
    unfinished = path().with_suffix(f".{os.getpid()}")
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(asdict(record), indent=2))
    unfinished.replace(path())


def read() -> Record | None:
    """Return the record of the running stack, or None; a stale record is removed."""
    try:
        found = json.loads(path().read_text())
        record = Record(**found | {"credentials": Credentials(**found["credentials"])})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):  # damaged, or of another version
        remove()
        return None
    if process.is_alive(record.pid) and responds(record.endpoint_url):
        return record
    remove()
    return None


def remove() -> None:
    """Remove the record."""
    path().unlink(missing_ok=True)
