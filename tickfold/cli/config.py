"""`tickfold config`: the defaults of options, and where each comes from."""

import os
from collections.abc import Iterator
from typing import Any

import typer

from tickfold.cli.config_file import SHARED, STACK, Setting, files, read_settings
from tickfold.cli.configured_command import ConfiguredCommand, shared_keys
from tickfold.cli.console import note
from tickfold.cli.lazy_group import LazyGroup, UnloadedCommand, group
from tickfold.cli.option_defaults import check_tables, check_values, keys_of, settings_for
from tickfold.cli.rows import AsCsv, AsJson, Value, check_formats, write_rows
from tickfold.cli.target import OUTPUTS, OUTPUTS_FILE, stack_settings, variable_of

COLUMNS = ("key", "value", "origin")


app = group(
    "config",
    "Show the defaults of tickfold.toml.",
    UnloadedCommand("show", "config:show", "Show each key with its value and where that comes from."),
)


def show(context: typer.Context, as_csv: AsCsv = False, as_json: AsJson = False) -> None:
    """Show each key of tickfold.toml with its value, and where that comes from: file and key, environment, or default.

    Keys without a table are of run, sweep and backtest; a table, such as [run], has those of one command. The file of
    this directory or of the nearest one above comes before your own. Tokens are in no file: see TICKFOLD_TOKEN.

    Example: tickfold config show --json
    """
    check_formats(as_csv, as_json)
    root: Any = context.find_root().command
    write_rows(COLUMNS, [*_stack(), *_options(root)], as_csv, as_json)
    note(f"read: {', '.join(map(str, files())) or 'no tickfold.toml'}")


def _stack() -> Iterator[tuple[Value, ...]]:
    found = stack_settings()
    for name in (OUTPUTS_FILE, *OUTPUTS):
        variable = "TICKFOLD_STACK_OUTPUTS" if name == OUTPUTS_FILE else variable_of(name)
        key = f"{STACK}.{name.replace('_', '-')}"
        if value := os.environ.get(variable):
            yield key, value, variable
        elif setting := found.get(name):
            yield key, setting.value, setting.origin
        else:
            yield key, None, "default"


def _options(root: Any) -> Iterator[tuple[Value, ...]]:
    """Yield the rows of all commands: of those that share keys, the keys, and what their own tables set.

    Raises:
        ConfigError: a key is unknown, or a value is wrong.
    """
    settings = read_settings()
    check_tables(settings.values(), list(root.commands))
    shared = shared_keys(root)
    for key, option in shared.items():
        yield _row(key, option, settings.get(key))
    for name, command in _commands(root, ""):
        chosen = settings_for(name, command, shared)
        check_values(typer.Context(command, info_name=name), chosen)
        for key, option in keys_of(command).items():
            written = f"{name.replace(' ', '.')}.{key}"
            if name not in SHARED or written in settings:
                yield _row(written, option, chosen.get(option.name) if written in settings else None)


def _commands(group: Any, prefix: str) -> Iterator[tuple[str, ConfiguredCommand]]:
    for name in group.commands:
        command = group.loaded(name)
        if isinstance(command, LazyGroup):
            yield from _commands(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


def _row(key: str, option: Any, setting: Setting | None) -> tuple[Value, ...]:
    if setting is not None:
        return key, _shown(setting.value), setting.origin
    if option.envvar and (value := os.environ.get(option.envvar)):
        return key, value, option.envvar
    return key, _shown(option.default), "default"


def _shown(value: Any) -> Value:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return value if isinstance(value, str | int | float | bool | None) else str(value)
