"""Lets the emulator keep what buckets, tables and secrets hold: restored when they are made, written when they change.

A program that has changed meets the data that were kept, as on AWS: they are restored whether the program has created
the bucket, table or secret, or `embedded.kept.resources` has.
"""

import json
import os
import sys
from collections.abc import Callable, Coroutine, Iterable
from contextvars import ContextVar
from copy import deepcopy
from pathlib import Path
from typing import Any

from ministack import app
from ministack.services import dynamodb, s3, secretsmanager

from embedded.kept.store import FAILURE, KeptDataError, KeptStore, Row

EPHEMERAL = ("-connections", "-subscriptions")
"""How tables end whose items do not outlive the stack: connections end with it."""

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[..., Coroutine[Any, Any, Response]]
Change = tuple["Objects | Items | Secrets", Any]


class Keeper:
    """Writes what has changed to `store`: all changes of one request in one transaction, before it is answered.

    If that fails, it ends the emulator: nothing may be answered that is not kept. The reason is left in `directory`.
    """

    def __init__(self, store: KeptStore, directory: Path) -> None:
        self.store = store
        self._directory = directory
        self._changes: ContextVar[dict[Change, None] | None] = ContextVar("changes", default=None)

    def changed(self, holder: "Objects | Items | Secrets", key: Any) -> None:
        """Note a change; outside a request it is written at once."""
        changes = self._changes.get()
        if changes is None:
            self._write([(holder, key)])
        else:
            changes[holder, key] = None

    def request_of(self, handler: Handler) -> Handler:
        """Return `handler`, with what it changes written before it returns."""

        async def handle(*arguments: Any, **named: Any) -> Response:
            changes: dict[Change, None] = {}
            token = self._changes.set(changes)
            try:
                return await handler(*arguments, **named)
            finally:
                self._changes.reset(token)
                self._write(list(changes))

        return handle

    def rows(self, holder: str) -> list[Row]:
        """Return the rows of a bucket, a table, or of all secrets."""
        try:
            return list(self.store.rows(holder))
        except KeptDataError as error:
            self._end(error)
            raise

    def _write(self, changes: Iterable[Change]) -> None:
        if rows := [holder.row(key) for holder, key in changes]:
            try:
                self.store.write(rows)
            except KeptDataError as error:
                self._end(error)

    def _end(self, error: KeptDataError) -> None:
        print(error, file=sys.stderr, flush=True)
        try:
            (self._directory / FAILURE).write_text(str(error))
        finally:
            os._exit(1)


class _Noted(dict[Any, Any]):
    """A dict that calls `_note` for each key that is set or removed."""

    __hash__ = object.__hash__  # type: ignore[assignment]  # a change names its holder by identity

    def __deepcopy__(self, _memo: dict[int, Any]) -> dict[Any, Any]:
        """Return an empty dict: the emulator copies whole tables as part of its resources, and the store has these."""
        return {}

    def _note(self, key: Any) -> None:
        raise NotImplementedError

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        self._note(key)

    def __delitem__(self, key: Any) -> None:
        super().__delitem__(key)
        self._note(key)

    def pop(self, key: Any, *default: Any) -> Any:
        """Remove `key`, and return its value."""
        present = key in self
        value = super().pop(key, *default)
        if present:
            self._note(key)
        return value


class Objects(_Noted):
    """The current objects of a bucket."""

    def __init__(self, keeper: Keeper, bucket: str) -> None:
        self._keeper, self._holder = keeper, f"s3://{bucket}"
        super().__init__({row.key: row.document | {"body": row.body} for row in keeper.rows(self._holder)})

    def _note(self, key: str) -> None:
        self._keeper.changed(self, key)

    def row(self, key: str) -> Row:
        """Return the row of an object as it is now."""
        record = self.get(key)
        if record is None:
            return Row(self._holder, key)
        return Row(self._holder, key, {name: value for name, value in record.items() if name != "body"}, record["body"])


class Items(_Noted):
    """The items of a table, by partition key and sort key."""

    def __init__(self, keeper: Keeper, table: str) -> None:
        self._keeper, self._holder = keeper, f"table {table}"
        super().__init__()
        for row in keeper.rows(self._holder):
            partition, sort = json.loads(row.key)
            dict.__setitem__(self[partition], sort, row.document)

    def __missing__(self, partition: Any) -> "_Partition":
        created = _Partition(self, partition)
        dict.__setitem__(self, partition, created)
        return created

    def setdefault(self, partition: Any, _default: Any = None) -> Any:
        """Return the items of a partition, which is created if it is missing."""
        return self[partition]

    def _note(self, key: Any) -> None:
        """A partition is removed when it is empty: each of its items was noted."""

    def changed(self, partition: Any, sort: Any) -> None:
        """Note a change of one item."""
        self._keeper.changed(self, (partition, sort))

    def row(self, key: tuple[Any, Any]) -> Row:
        """Return the row of an item as it is now."""
        partition, sort = key
        return Row(self._holder, json.dumps([partition, sort]), self.get(partition, {}).get(sort))


class _Partition(_Noted):
    def __init__(self, items: Items, partition: Any) -> None:
        super().__init__()
        self._items, self._partition = items, partition

    def _note(self, key: Any) -> None:
        self._items.changed(self._partition, key)


class Secrets:
    """The values of all secrets, by name.

    The emulator changes versions in place, so they are compared with those that were written: there are few of them.
    """

    HOLDER = "secrets"

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._written = {row.key: row.document for row in keeper.rows(self.HOLDER)}

    def fill(self, name: str) -> None:
        """Restore the versions of a secret, if any were kept."""
        if versions := self._written.get(name):
            secretsmanager._secrets[name]["Versions"] = deepcopy(versions)

    def note(self) -> None:
        """Note the secrets whose versions are not those that were written."""
        for name in secretsmanager._secrets:
            if self._versions(name) != self._written.get(name, {}):
                self._keeper.changed(self, name)

    def row(self, name: str) -> Row:
        """Return the row of a secret as it is now."""
        self._written[name] = self._versions(name)
        return Row(self.HOLDER, name, self._written[name])

    def _versions(self, name: str) -> dict[str, Any]:
        """Return the versions that have a value: the emulator gives a secret one without."""
        versions = secretsmanager._secrets[name]["Versions"]
        return {key: deepcopy(each) for key, each in versions.items() if each["SecretString"] or each["SecretBinary"]}


def keep_data(keeper: Keeper) -> None:
    """Let this process's emulator restore buckets, tables and secrets from the store, and write their changes to it."""
    _keep_buckets_and_tables(keeper)
    _keep_secrets(keeper)
    for service in ("s3", "dynamodb", "secretsmanager"):
        app.SERVICE_HANDLERS[service] = keeper.request_of(app.SERVICE_HANDLERS[service])


def _keep_secrets(keeper: Keeper) -> None:
    secrets, create, handle = Secrets(keeper), secretsmanager._create_secret, app.SERVICE_HANDLERS["secretsmanager"]

    def create_and_fill_secret(data: dict[str, Any]) -> Response:
        response: Response = create(data)
        if response[0] < 300:
            secrets.fill(str(data.get("Name")))
        return response

    async def handle_and_note(*arguments: Any, **named: Any) -> Response:
        try:
            response: Response = await handle(*arguments, **named)
        finally:
            secrets.note()
        return response

    secretsmanager._create_secret = create_and_fill_secret
    app.SERVICE_HANDLERS["secretsmanager"] = handle_and_note


def _keep_buckets_and_tables(keeper: Keeper) -> None:
    create_bucket, create_table = s3._create_bucket, dynamodb._create_table

    def create_and_fill_bucket(name: str, *arguments: Any, **named: Any) -> Response:
        existed = name in s3._buckets
        response: Response = create_bucket(name, *arguments, **named)
        if response[0] < 300 and not existed:
            _fill_bucket(keeper, name)
        return response

    def create_and_fill_table(data: dict[str, Any]) -> Response:
        response: Response = create_table(data)
        if response[0] < 300:
            _fill_table(keeper, str(data.get("TableName")))
        return response

    s3._create_bucket, dynamodb._create_table = create_and_fill_bucket, create_and_fill_table


def fill_restored(keeper: Keeper) -> None:
    """Fill what this process's emulator has not created, but restored without its content."""
    secrets = Secrets(keeper)
    for name in secretsmanager._secrets:
        secrets.fill(name)
    for name in s3._buckets:
        _fill_bucket(keeper, name)
    for name in dynamodb._tables:
        _fill_table(keeper, name)


def _fill_bucket(keeper: Keeper, name: str) -> None:
    """Restore objects, each the latest version of its key under its own version id; older versions are not kept."""
    objects = s3._buckets[name]["objects"] = Objects(keeper, name)
    for key, record in objects.items():
        if record.get("version_id"):
            version = {name: value for name, value in record.items() if name != "body"}
            s3._object_versions[name, key] = [version | {"is_latest": True, "data": record["body"]}]


def _fill_table(keeper: Keeper, name: str) -> None:
    if not name.endswith(EPHEMERAL):
        table = dynamodb._tables[name]
        table["items"] = Items(keeper, name)
        dynamodb._items_replaced(table)
