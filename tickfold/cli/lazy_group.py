"""A group of commands that imports a command only when it is run, so that `--help` and completion take no time."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from tickfold.cli.configured_command import ConfiguredCommand


class UnloadedCommand(TyperCommand):
    """A command of which only name and summary are known yet: enough for its group's help, and to complete it."""

    def __init__(self, name: str, place: str, summary: str) -> None:
        """Name what `place`, such as `data_load:load`, holds: a function of `tickfold.cli`, or a Typer application."""
        super().__init__(name, short_help=summary, rich_markup_mode=None)
        self._place = place

    def load(self) -> Any:
        """Import the command, and return it."""
        module, _, name = self._place.partition(":")
        found = getattr(import_module(f"tickfold.cli.{module}"), name)
        return typer.main.get_command(found if isinstance(found, typer.Typer) else application(found))


def application(command: Callable[..., None], kind: type[TyperCommand] = ConfiguredCommand) -> typer.Typer:
    """Return a Typer application that is one command."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(cls=kind)(command)
    return app


class LazyGroup(TyperGroup):
    """A group whose commands are `unloaded` until one is run or completed."""

    unloaded: ClassVar[tuple[UnloadedCommand, ...]] = ()

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {each.name: each for each in self.unloaded if each.name}

    def loaded(self, name: str) -> Any:
        """Return the command `name`, loaded."""
        command = self.commands[name]
        return command.load() if isinstance(command, UnloadedCommand) else command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return name, command and arguments, the command loaded."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, self.loaded(name) if name else None, rest


def group(name: str, summary: str, *commands: UnloadedCommand) -> typer.Typer:
    """Return the Typer application `name` with these commands."""

    class Commands(LazyGroup):
        unloaded = commands

    app = typer.Typer(
        name=name, cls=Commands, help=summary, no_args_is_help=True, add_completion=False, rich_markup_mode=None
    )
    app.callback()(lambda: None)
    return app
