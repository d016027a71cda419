"""What MiniStack holds: Glue's tables, S3's objects, and Athena's work groups and prepared statements.

This is the only file here that knows the emulator. It reads its stores within the process; they belong to the account
and the region of the request that is being answered.
"""

import json
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from ministack import app
from ministack.services import athena, glue, s3

from embedded.athena.catalog import Catalog, Table
from embedded.athena.service import Service

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[..., Coroutine[Any, Any, Response]]


def _place(uri: str) -> tuple[str, str]:
    """Return the bucket and the key of an S3 URI. It is no URL: `?` and `#` are characters of a key."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


class MiniStack:
    """The stores of the emulator in this process."""

    def catalog(self) -> Catalog:
        """Return every table that Glue knows."""
        tables = [table for table in glue._tables.values() if table.get("StorageDescriptor", {}).get("Location")]
        return Catalog([Table.of(table) for table in tables])

    def objects(self, location: str) -> Iterator[tuple[str, bytes]]:
        """Yield the URI and the body of each object at `location`, as Athena lists it: none that is hidden."""
        name, prefix = _place(location)
        bucket: dict[str, Any] = s3._buckets.get(name) or {"objects": {}}
        for key in sorted(key for key in list(bucket["objects"]) if key.startswith(prefix)):
            below = key[len(prefix) :]
            hidden = any(part.startswith(("_", ".")) for part in below.split("/"))
            body = None if hidden or not below or below.endswith("/") else s3._get_object_data(name, key)
            if body is not None:
                yield f"s3://{name}/{key}", body

    def put(self, uri: str, body: bytes, kind: str) -> str:
        """Write an object; return why it could not be, and nothing if it could."""
        bucket, key = _place(uri)
        headers = {"content-type": kind, "content-length": str(len(body))}
        status, _, said = s3._put_object(bucket, key, body, headers)
        return "" if status < 300 else f"An error occurred while writing to S3: {said.decode(errors='replace')}"

    def work_group(self, name: str) -> dict[str, Any] | None:
        """Return the configuration of a work group."""
        athena._ensure_default_workgroup()
        found = athena._workgroups.get(name)
        return None if found is None else found.get("Configuration", {})

    def prepared(self, name: str, work_group: str) -> str | None:
        """Return the prepared statement `name`."""
        found = athena._prepared_statements.get(f"{work_group}/{name}")
        return None if found is None else str(found["QueryStatement"])


def answer_athena() -> None:
    """Let this process's emulator answer Athena's queries by `Service`, and the rest of Athena as before."""
    service = Service(MiniStack())
    others: Handler = app.SERVICE_HANDLERS["athena"]

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Response:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if operation not in service.operations:
            return await others(method, path, headers, body, query)
        status, document = service.answer(operation, json.loads(body or b"{}"))
        return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(document).encode()

    app.SERVICE_HANDLERS["athena"] = handle
