"""A running Trino that is asked one statement at a time."""

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from embedded.account import REGION, Credentials
from tools.trino.build import Program

CATALOG = "awsdatacatalog"
"""What Athena calls its catalog of Glue."""
_STOP_SECONDS = 10.0
_FLAGS = (
    "-Xmx3g",
    "--add-modules=jdk.incubator.vector",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)


@dataclass(frozen=True)
class Column:
    """A column of an answer, with Trino's name of its type."""

    name: str
    type: str


@dataclass(frozen=True)
class Answer:
    """The rows of a statement.

    Values are text as Athena spells them; None is null. `seconds` is the time that the statement took, and `lists` the
    number of LIST requests to S3 that it made.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[str | None]]
    seconds: float
    lists: int


class TrinoError(Exception):
    """Trino refused a statement or failed in it; `name` is that of its error code, such as COLUMN_NOT_FOUND."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name


class EngineStoppedError(Exception):
    """The process ended. The message has the end of its log."""


class Trino:
    """Trino over the Glue database and the S3 of an AWS endpoint, for the duration of a `with` block.

    The process ends with the block, and with the process that started it, however that ends.
    """

    def __init__(
        self, program: Program, endpoint_url: str, credentials: Credentials, database: str, time_zone: str = "UTC"
    ) -> None:
        """Set what to start. `time_zone` is the JVM's, from which no answer may depend; sessions are in UTC."""
        self._command = [
            str(program.java),
            *_FLAGS,
            f"-Duser.timezone={time_zone}",
            "-classpath",
            program.class_path,
            "tickfold.StatementServer",
        ]
        self._configuration = {
            "catalog": CATALOG,
            "schema": database,
            "properties": _catalog(endpoint_url, credentials),
        }
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Start the process and wait until it is ready, about ten seconds.

        Raises:
            EngineStoppedError: it did not start.
        """
        try:
            self._log = self._open.enter_context(tempfile.TemporaryFile())
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                cwd=tempfile.gettempdir(),
                env={},
                encoding="utf-8",
                start_new_session=True,  # Ctrl-C is for the parent, which ends this process
            )
            self._open.callback(_end, self._process)
            self._exchange(self._configuration)
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @property
    def process_id(self) -> int:
        """The id of the process."""
        return self._process.pid

    def ask(self, sql: str, parameters: Sequence[str] = ()) -> Answer:
        """Execute one statement and return its rows.

        `parameters` are SQL expressions for the `?` of the statement, as Athena's execution parameters.

        Raises:
            TrinoError: the statement is refused or fails.
            EngineStoppedError: the process ended.
        """
        reply = self._exchange({"sql": sql, "parameters": list(parameters)})
        if "error" in reply:
            raise TrinoError(reply["error"], reply["message"])
        columns = [Column(**column) for column in reply["columns"]]
        return Answer(columns, reply["rows"], reply["seconds"], reply["lists"])

    def _exchange(self, message: Mapping[str, object]) -> dict[str, Any]:
        line = ""
        with suppress(BrokenPipeError):
            print(json.dumps(message), file=self._process.stdin, flush=True)
            line = next(iter(self._process.stdout or ()), "")
        if not line:
            raise EngineStoppedError(f"Trino ended; its last output:\n{self._log_tail()}")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _log_tail(self, size: int = 4_000) -> str:
        self._log.seek(0)
        return self._log.read()[-size:].decode(errors="replace")


def _end(process: subprocess.Popen[str]) -> None:
    """Close the process's input, at which it ends; kill it if it does not."""
    try:
        with suppress(BrokenPipeError):
            process.communicate(timeout=_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def _catalog(endpoint_url: str, credentials: Credentials) -> dict[str, str]:
    """Return the catalog's properties: Glue and S3 at `endpoint_url`, with partition projection, as Athena has it."""
    key, secret = credentials.access_key_id, credentials.secret_access_key
    return {
        "hive.metastore": "glue",
        "hive.metastore.glue.region": REGION,
        "hive.metastore.glue.endpoint-url": endpoint_url,
        "hive.metastore.glue.aws-access-key": key,
        "hive.metastore.glue.aws-secret-key": secret,
        "hive.partition-projection-enabled": "true",
        "hive.recursive-directories": "true",  # as Athena lists a location
        "fs.s3.enabled": "true",
        "s3.region": REGION,
        "s3.endpoint": endpoint_url,
        "s3.path-style-access": "true",
        "s3.aws-access-key": key,
        "s3.aws-secret-key": secret,
    }
