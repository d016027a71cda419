"""Saves a run's trades and equity curve as files."""

import os
from contextlib import ExitStack
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tickfold.cli.exit_codes import OutputError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from tickfold.protocol import Result


class SaveError(OutputError):
    """The files of a run could not be saved."""


def prepare_directory(directory: Path) -> None:
    """Make `directory` before the run, so that no run is wasted.

    Raises:
        SaveError: it cannot be made or written to.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SaveError(f"{directory} cannot be made: {error.strerror}") from None
    if not os.access(directory, os.W_OK):
        raise SaveError(f"{directory} cannot be written to")


def save(s3: "S3Client", result: "Result", directory: Path, *others: str) -> list[Path]:
    """Write the run's trades and curves, and the files at the URIs `others`, into `directory`.

    All are written or none; existing files are replaced.

    Raises:
        SaveError: they cannot be written.
    """
    uris = [*result.all_parts(result.trades_uri), *result.all_parts(result.equity_uri)]
    if result.symbols:
        uris += [*result.all_parts(result.equity_by_symbol_uri), result.runs_by_symbol_uri]
    wanted = {directory / uri.rsplit("/", 1)[1]: uri for uri in (*uris, *others)}
    try:
        with ExitStack() as unfinished:
            written = {path: _download(s3, uri, path, unfinished) for path, uri in wanted.items()}
            for path, temporary in written.items():
                temporary.replace(path)
    except OSError as error:
        raise SaveError(f"run {result.run_id} could not be saved in {directory}: {error.strerror}") from None
    return list(wanted)


def _download(s3: "S3Client", uri: str, path: Path, unfinished: ExitStack) -> Path:
    """Write the object to a temporary file beside `path`, which `unfinished` removes if it is still there."""
    location = urlsplit(uri)
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        unfinished.callback(Path(file.name).unlink, missing_ok=True)
        s3.download_fileobj(location.netloc, location.path.lstrip("/"), file)
    Path(file.name).chmod(0o666 & ~_umask())
    return Path(file.name)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
