"""The page of the command line, from the commands that `tickfold --help` lists."""

from collections.abc import Iterable, Iterator
from typing import Any, get_args

import typer

from tickfold.cli.app import app
from tickfold.cli.lazy_group import UnloadedCommand

INTRODUCTION = """# Command line

Generated from the commands in `tickfold/cli/` by `make docs`; edit those, not this page. `tickfold COMMAND --help`
prints the same. `tickfold` is `.venv/bin/tickfold` in a checkout.

Results go to stdout; progress, notes and errors go to stderr. [The exit code](exit-codes.md) tells kinds of failures
apart. Defaults of options may be [in a file](../how-to/set-defaults.md). `TICKFOLD_TRACEBACK=1` adds the traceback to
a failure. Output works in any encoding: what it does not have is written in ASCII. Files are UTF-8.
"""


def render() -> str:
    """Return the page."""
    group = typer.main.get_command(app)
    return "\n".join([INTRODUCTION, *(_section(name, command) for name, command in _commands("tickfold", group))])


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(command, UnloadedCommand):
        command = command.load()
    subcommands = getattr(command, "commands", {})
    if not subcommands:
        yield name, command
    for each, subcommand in subcommands.items():
        yield from _commands(f"{name} {each}", subcommand)


def _section(name: str, command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option" and not each.hidden]
    usage = " ".join([name, *(each.metavar or each.name.upper() for each in arguments), "[OPTIONS]" if options else ""])
    text = [f"## `{name}`\n", f"{command.help.strip()}\n", f"```\n{usage.strip()}\n```\n"]
    if arguments:
        text.append("| argument | meaning |\n|---|---|\n" + _lines(_argument(each) for each in arguments))
    if options:
        text.append("| option | value | default | meaning |\n|---|---|---|---|\n" + _lines(map(_option, options)))
    return "\n".join(text)


def _lines(rows: Iterable[tuple[str, ...]]) -> str:
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in rows)


def _argument(argument: Any) -> tuple[str, ...]:
    return f"`{argument.metavar or argument.name.upper()}`", argument.help or ""


def _option(option: Any) -> tuple[str, ...]:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    choices = "|".join(map(str, get_args(option.type_descriptor.annotation)))
    kind = getattr(option.type_descriptor.annotation, "__name__", "").upper()
    value = "" if option.is_flag else f"`{option.metavar or choices or kind}`"
    repeated = " May be repeated." if option.multiple and "repeated" not in option.help else ""
    variable = f" Environment: `{option.envvar}`." if option.envvar else ""
    return names, value, _default(option), f"{option.help}{repeated}{variable}"


def _default(option: Any) -> str:
    if option.required:
        return "required"
    if option.is_flag:
        return f"`{option.opts[0]}`" if option.default else ""
    return "" if option.default is None or callable(option.default) else f"`{option.default}`"
