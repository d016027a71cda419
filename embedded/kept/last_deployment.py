"""The last deployment, in a file beside the data: what the program left in the emulator, and what it was made from.

Nothing is lost with the file. Where it is missing, damaged, of another version, or made from something else, the
program runs as it does at the first start.
"""

import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from zipfile import ZipFile

FILES = ("deployment.json", "state.json", "emulator/**/*")
"""What a deployment leaves in the emulator's directory: its outputs, the state of its resources, and the resources."""

RESOURCES = Path("emulator", "resources.json")
"""Where the emulator has its resources in its directory. It restores them if they are there at its start."""


@dataclass(frozen=True)
class Origin:
    """What a deployment was made from, and the ports that are part of it."""

    fingerprint: str
    emulator_port: int
    issuer_port: int


class LastDeployment:
    """The deployment in `file`, which need not exist."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def origin(self) -> Origin | None:
        """Return what the deployment was made from; None if there is no deployment, or none that is whole."""
        read = self._read()
        return read and read[0]

    def restore(self, fingerprint: str, directory: Path) -> bool:
        """Write the deployment's files to `directory` if it has that fingerprint; return whether it has."""
        read = self._read()
        if read is None or read[0].fingerprint != fingerprint:
            return False
        with ZipFile(io.BytesIO(read[1])) as archive:
            archive.extractall(directory)
        return True

    def keep(self, origin: Origin, directory: Path) -> None:
        """Keep the deployment whose files are in `directory`, in place of the one before."""
        content = _archive(directory, (path for pattern in FILES for path in directory.glob(pattern)))
        header = json.dumps(asdict(origin))
        unfinished = self._file.with_suffix(".unfinished")
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(f"{_checksum(header, content)}\n{header}\n".encode() + content)
        unfinished.replace(self._file)

    def _read(self) -> tuple[Origin, bytes] | None:
        try:
            checksum, header, content = self._file.read_bytes().split(b"\n", 2)
            if _checksum(header.decode(), content) == checksum.decode():
                return Origin(**json.loads(header)), content
        except (OSError, ValueError, TypeError):  # missing, damaged, or of another version
            pass
        return None


def _archive(directory: Path, paths: Iterable[Path]) -> bytes:
    written = io.BytesIO()
    with ZipFile(written, "w") as archive:
        for path in paths:
            archive.write(path, path.relative_to(directory))
    return written.getvalue()


def _checksum(header: str, content: bytes) -> str:
    return hashlib.sha256(header.encode() + content).hexdigest()
