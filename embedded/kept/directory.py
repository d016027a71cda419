"""The directory of the kept data, which one embedded stack at a time may use."""

import fcntl
import os
import sys
import time
from itertools import count
from pathlib import Path
from typing import Self

from embedded.kept.last_deployment import LastDeployment
from embedded.kept.store import KeptDataError, KeptStore
from embedded.process import is_alive

DATA_DIR = "TICKFOLD_DATA_DIR"
"""The environment variable that chooses the directory."""

WAIT_SECONDS = 5.0
"""How long to wait for a stack that is ending: one that was killed leaves an emulator for a moment."""
_POLL_SECONDS = 0.05


def data_directory() -> Path:
    """Return TICKFOLD_DATA_DIR; else `data` in TICKFOLD_STATE_DIR; else `tickfold` in the user's data directory."""
    if chosen := os.environ.get(DATA_DIR):
        return Path(chosen).absolute()
    if state := os.environ.get("TICKFOLD_STATE_DIR"):
        return Path(state).absolute() / "data"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "tickfold"
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / "tickfold"


class DataInUseError(Exception):
    """Another stack uses the directory. The message says which process."""


class KeptDirectory:
    """The directory, locked between `lock` and `unlock`.

    The emulator inherits the lock and holds it as long as it lives, so that no second one writes beside it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path / "stack.sqlite"
        self.last_deployment = LastDeployment(path / "deployment")
        self._set_aside: Path | None = None
        self.lock_descriptor: int | None = None

    def __enter__(self) -> Self:
        """Lock the directory.

        Raises:
            DataInUseError: another stack uses it.
            KeptDataError: it cannot be created or written.
        """
        self.lock()
        return self

    def __exit__(self, *_error: object) -> None:
        try:
            self._put_back()
        finally:
            self.unlock()

    def lock(self) -> None:
        """Lock the directory, which is created if it is missing.

        Raises:
            DataInUseError: another stack uses it.
            KeptDataError: it cannot be created or written.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise KeptDataError(
                f"{self.path} cannot be used for the stack's data ({error.strerror}): make it writable, or set "
                f"{DATA_DIR} to another directory"
            ) from error
        try:
            self._acquire(descriptor)
            _write_pid(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        self.lock_descriptor = descriptor

    def _acquire(self, descriptor: int) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
                if time.monotonic() > deadline or (holder.isdecimal() and is_alive(int(holder))):
                    raise DataInUseError(
                        f"another embedded stack (process {holder}) uses the data in {self.path}: stop it with "
                        f"`tickfold down`, or set {DATA_DIR} to another directory to start a second one"
                    ) from None
            time.sleep(_POLL_SECONDS)

    def unlock(self) -> None:
        """Unlock the directory. Idempotent."""
        if self.lock_descriptor is not None:
            os.close(self.lock_descriptor)
            self.lock_descriptor = None

    def check(self) -> int:
        """Return the number of objects and items that are kept; create the file if there is none.

        Raises:
            KeptDataError: they cannot be read or written, are damaged, or have another version's format.
        """
        with KeptStore(self.file) as store:
            return store.check()

    def has_key(self, ending: str) -> bool:
        """Return whether an object is kept whose key ends so.

        Raises:
            KeptDataError: the data cannot be read.
        """
        if not self.file.exists():
            return False
        with KeptStore(self.file) as store:
            return store.has_key(ending)

    def bytes(self) -> int:
        """Return the size of the kept data on disk."""
        return sum(file.stat().st_size for file in self.path.glob(f"{self.file.name}*") if file.is_file())

    def start_anew(self) -> Path | None:
        """Set the kept data aside; return where they are, if there were any. What was set aside before stays.

        They are put back when the directory is left before there are new data: the start has failed.

        Raises:
            KeptDataError: the file cannot be moved.
        """
        if not self.file.exists():
            return None
        try:
            _move(self.file, aside := self._free_place())
        except OSError as error:
            raise KeptDataError(f"{self.file} cannot be set aside ({error.strerror})") from error
        self._set_aside = aside
        return aside

    def _free_place(self) -> Path:
        """Return `stack.sqlite.before`, or else the first of `.before2`, `.before3` and so on that is free."""
        names = (f"{self.file.name}.before{number if number > 1 else ''}" for number in count(1))
        return next(place for name in names if not (place := self.path / name).exists())

    def _put_back(self) -> None:
        if self._set_aside is not None and not self.file.exists():
            _move(self._set_aside, self.file)
        self._set_aside = None


def _move(file: Path, to: Path) -> None:
    """Rename a database and its log."""
    for suffix in ("-wal", "-shm", ""):  # the log first: without the file it is nothing
        source = file.with_name(file.name + suffix)
        if source.exists():
            source.replace(to.with_name(to.name + suffix))


def _write_pid(descriptor: int) -> None:
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    except OSError as error:
        raise KeptDataError(f"the data directory cannot be written ({error.strerror}): free some space") from error
