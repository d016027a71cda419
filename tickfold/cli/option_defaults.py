"""The defaults that `tickfold.toml` gives the options of a command."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import typer

from tickfold.cli.config_file import SHARED, STACK, ConfigError, Setting, read_settings, unknown

_NAMED_BY_STACK = "stack-outputs"
"""The option that has a table of its own, as the environment comes between it and the file."""


def keys_of(command: Any) -> dict[str, Any]:
    """Return the options of a command that a file may set, by key.

    Those are options with a value, and flags that can be switched both ways: what a file switches on, the command line
    must be able to switch off.
    """
    options = (each for each in command.params if each.param_type_name == "option" and each.expose_value)
    named = {_key(each): each for each in options if not each.is_flag or each.secondary_opts}
    return {key: each for key, each in named.items() if key != _NAMED_BY_STACK}


def _key(option: Any) -> str:
    return str(max(option.opts, key=len).removeprefix("--"))


def settings_for(name: str, command: Any, shared: Mapping[str, Any]) -> dict[str, Setting]:
    """Return the settings of the command `name`, such as `data load`, by the names of their parameters.

    `shared` are the keys without a table, of which it takes those that it has.

    Raises:
        ConfigError: a file cannot be used, or has an unknown key where this command looks.
    """
    found, own = read_settings(), keys_of(command)
    table = f"{name.replace(' ', '.')}."
    for each in found.values():
        if each.key.startswith(table) and each.key.removeprefix(table) not in own:
            raise unknown(each, [f"{table}{key}" for key in own])
        if "." not in each.key and name in SHARED and each.key not in shared:
            raise unknown(each, shared)
    chosen = {}
    for key, option in own.items():
        without_table = found.get(key) if name in SHARED else None
        if setting := found.get(f"{table}{key}") or without_table:
            chosen[option.name] = setting
    return chosen


def check_tables(settings: Iterable[Setting], commands: Sequence[str]) -> None:
    """Check that each table is of a command or of the stack.

    Raises:
        ConfigError: one is not.
    """
    known = [*commands, STACK]
    for each in settings:
        table, dot, _ = each.key.partition(".")
        if dot and table not in known:
            raise unknown(each, [f"{name}.{each.key.partition('.')[2]}" for name in known])


def check_values(context: Any, chosen: Mapping[str, Setting]) -> None:
    """Check that each option of the context's command takes the value that was chosen for it.

    Raises:
        ConfigError: one does not.
    """
    for option in context.command.params:
        if setting := chosen.get(option.name):
            try:
                option.process_value(context, as_written(setting, option))
            except typer.BadParameter as error:
                raise refused(setting, error) from None


def refused(setting: Setting, error: typer.BadParameter) -> ConfigError:
    """Return the error for a value that its option does not take."""
    reason = error.message.removeprefix("Value error, ")
    return ConfigError(f"{setting.file}: {setting.key} is {setting.value!r}: {reason}")


def as_written(setting: Setting, option: Any) -> Any:
    """Return a setting's value as the command line would have it: text, or a list of texts.

    Raises:
        ConfigError: a value of that type cannot be an option's.
    """
    value = setting.value
    if option.is_flag:
        if isinstance(value, bool):
            return value
        raise ConfigError(f"{setting.file}: {setting.key} is {value!r}: expected true or false")
    if option.multiple:
        return [_text(each, setting) for each in (value if isinstance(value, list) else [value])]
    return _text(value, setting)


def _text(value: Any, setting: Setting) -> str:
    if isinstance(value, bool | list | dict):
        raise ConfigError(f"{setting.file}: {setting.key} is {value!r}: expected a number or text, as the option takes")
    return str(value)
