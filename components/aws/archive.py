"""Reproducible zip archives: the same files give the same bytes, so that only what has changed is redeployed."""

import base64
import hashlib
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

UNZIPPED_LIMIT = 262_144_000
"""Bytes that Lambda allows for a function's code and layers."""

_EARLIEST = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o100644 << 16
_UNIX = 3


class ArchivesTooLargeError(Exception):
    """Code and layers exceed Lambda's size limit; the message lists the size of each."""


@dataclass(frozen=True)
class Archive:
    """A zip file."""

    name: str
    path: Path

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.path.read_bytes()).digest()

    @property
    def key(self) -> str:
        """Key in a bucket; it changes if and only if the content does."""
        return f"{self.name}-{self.sha256.hex()[:16]}.zip"

    @property
    def source_code_hash(self) -> str:
        """The SHA-256 in base64, as Lambda reports it."""
        return base64.b64encode(self.sha256).decode()

    @property
    def zipped_bytes(self) -> int:
        return self.path.stat().st_size

    @property
    def unzipped_bytes(self) -> int:
        with zipfile.ZipFile(self.path) as archive:
            return sum(entry.file_size for entry in archive.infolist())


def archive_of(name: str, recipe: bytes, build: Path) -> Archive:
    """Return the archive in the directory `build` whose content is determined by `recipe`; it may not exist yet."""
    return Archive(name, build / f"{name}-{hashlib.sha256(recipe).hexdigest()[:16]}.zip")


def write_archive(archive: Archive, files: Mapping[str, Path]) -> None:
    """Zip `files`, by their names in the archive: sorted, all with the same time and mode."""
    path = archive.path
    path.parent.mkdir(parents=True, exist_ok=True)
    # Other processes may build the same archive: each writes its own file, and the last rename wins.
    with (
        tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.stem}-", delete=False) as unfinished,
        zipfile.ZipFile(unfinished, "w", compresslevel=6) as zipped,
    ):
        for place in sorted(files):
            zipped.writestr(_entry(place), files[place].read_bytes())
    Path(unfinished.name).replace(path)


def _entry(place: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(place, _EARLIEST)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = _UNIX
    entry.external_attr = _FILE_MODE
    return entry


def check_unzipped_size(archives: Iterable[Archive]) -> None:
    """Check that code and layers together do not exceed `UNZIPPED_LIMIT`.

    Raises:
        ArchivesTooLargeError: they do.
    """
    sizes = {archive.name: archive.unzipped_bytes for archive in archives}
    total = sum(sizes.values())
    if total > UNZIPPED_LIMIT:
        parts = ", ".join(f"{name} {size:,}" for name, size in sizes.items())
        raise ArchivesTooLargeError(
            f"code and layers have {total:,} bytes unzipped ({parts}); Lambda allows {UNZIPPED_LIMIT:,}: "
            "remove a requirement, or exclude more files in components/aws/dependency_layer.py"
        )
