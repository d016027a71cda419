"""`tickfold data keys`: the keys of providers, and of PostgreSQL, in the stack's secret. None is ever printed."""

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from tickfold.cli.console import note
from tickfold.cli.exit_codes import UsageError
from tickfold.cli.lazy_group import UnloadedCommand, group
from tickfold.cli.rows import AsCsv, AsJson, check_formats, write_rows
from tickfold.cli.target import StackOutputs, find_target
from tickfold.market_data.sinks.connection_string import KEY

if TYPE_CHECKING:
    from pathlib import Path

    from tickfold.market_data.keys_secret import Entry, KeysSecret

COLUMNS = ("provider", "fields", "stored")
POSTGRES = KEY
_CONNECTION_STRING = "connection_string"

app = group(
    "keys",
    "Store, list and remove the keys of market data providers.",
    UnloadedCommand("set", "data_keys:set_keys", "Store the keys of a provider."),
    UnloadedCommand("list", "data_keys:list_keys", "List which providers have keys."),
    UnloadedCommand("remove", "data_keys:remove_keys", "Remove the keys of a provider."),
)


def fields_by_name() -> Mapping[str, tuple[str, ...]]:
    """Return the fields of each provider that has keys, and of PostgreSQL."""
    from tickfold.market_data.providers.registry import KEY_FIELDS  # noqa: PLC0415 - slow to import

    return {**KEY_FIELDS, POSTGRES: (_CONNECTION_STRING,)}


def provider(text: str) -> str:
    """Return `text` as a provider that has keys, or postgres.

    Raises:
        BadParameter: it is none.
    """
    from tickfold.market_data.providers.registry import BUILDERS  # noqa: PLC0415 - slow to import

    name, known = text.strip().lower().replace("-", "_"), fields_by_name()
    if name in known:
        return name
    if name in BUILDERS:
        raise typer.BadParameter(f"{name} has no keys; those that have are {', '.join(known)}")
    raise typer.BadParameter(f"{text!r} is not a provider; expected one of {', '.join(known)}")


Provider = Annotated[
    str,
    typer.Argument(parser=provider, metavar="PROVIDER", help="alpaca, alpha_vantage, schwab or postgres."),
]


def set_keys(
    name: Provider,
    from_stdin: Annotated[
        bool,
        typer.Option("--stdin", help='Read the fields from standard input, as JSON: {"key_id": …, "secret_key": …}.'),
    ] = False,
    stack_outputs: StackOutputs = None,
) -> None:
    """Store the keys of a provider in the stack's secret, in place of those it has. Other providers' keys stay.

    PostgreSQL's connection string is stored in the same way, under the name postgres.

    Asks for each field, without echo. Keys are never arguments, which others see in the list of processes and which
    the shell writes into its history. Functions use new keys within five minutes.

    Example: tickfold data keys set alpaca
    """
    keys = _keys(stack_outputs)
    fields = _read(name) if from_stdin else _asked(name)
    keys.set(name, fields[_CONNECTION_STRING] if name == POSTGRES else fields)
    typer.echo(f"stored the keys of {name}")


def list_keys(as_csv: AsCsv = False, as_json: AsJson = False, stack_outputs: StackOutputs = None) -> None:
    """List the providers that need keys, the fields of each, and whether they are stored; never their values."""
    check_formats(as_csv, as_json)
    stored = _keys(stack_outputs).read()
    rows = [(name, ", ".join(fields), _state(fields, stored.get(name))) for name, fields in fields_by_name().items()]
    write_rows(COLUMNS, rows, as_csv, as_json)


def remove_keys(name: Provider, stack_outputs: StackOutputs = None) -> None:
    """Remove the keys of a provider. Secrets Manager keeps the version before; revoke keys that leaked at the provider.

    Example: tickfold data keys remove alpaca
    """
    if _keys(stack_outputs).remove(name):
        typer.echo(f"removed the keys of {name}")
    else:
        note(f"no keys of {name} are stored")


def _keys(stack_outputs: "Path | None") -> "KeysSecret":
    from tickfold.market_data.keys_secret import KeysSecret  # noqa: PLC0415 - slow to import

    target = find_target(stack_outputs)
    secret = target.output("keys_secret")
    return KeysSecret(target.secrets(), secret)


def _state(fields: tuple[str, ...], stored: "Entry | None") -> str:
    if not stored:
        return "no"
    if isinstance(stored, str):
        return "yes"
    missing = [field for field in fields if not stored.get(field)]
    return f"without {', '.join(missing)}" if missing else "yes"


def _asked(name: str) -> dict[str, str]:
    """Ask for the fields, without echo."""
    if not sys.stdin.isatty():
        raise UsageError("standard input is not a terminal: write the fields to it as JSON, and add --stdin")
    answers = {field: typer.prompt(f"{name} {field}", hide_input=True, err=True) for field in fields_by_name()[name]}
    return _checked(name, answers)


def _read(name: str) -> dict[str, str]:
    """Read the fields from standard input."""
    try:
        found = json.loads(sys.stdin.read())
    except ValueError:
        found = None
    return _checked(name, found)


def _checked(name: str, found: object) -> dict[str, str]:
    """Return `found` as the fields of a provider's keys.

    Raises:
        UsageError: they are not; the message holds names of fields, and no values.
    """
    fields = fields_by_name()[name]
    if not isinstance(found, dict) or set(found) != set(fields):
        expected = ", ".join(f'"{field}": "…"' for field in fields)
        raise UsageError(f"standard input is not the JSON object of {name}'s keys; expected {{{expected}}}")
    return {field: _key(f"{field} of {name}", found[field]) for field in fields}


def _key(what: str, value: object) -> str:
    """Return a key without the white space that is copied with it.

    Raises:
        UsageError: it is none.
    """
    if not isinstance(value, str) or not (key := value.strip()):
        raise UsageError(f"{what} is empty; expected the text that the provider shows")
    if what.startswith(_CONNECTION_STRING):
        return key  # a driver reads it, and says what is wrong with it
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UsageError(f"{what} has a space or a character that no key has: copy it again")
    return key
