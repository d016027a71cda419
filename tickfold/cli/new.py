"""`tickfold new`: begin something of one's own."""

import typer

from tickfold.cli.lazy_group import LazyGroup, UnloadedCommand


class NewCommands(LazyGroup):
    """The commands of the group."""

    unloaded = (UnloadedCommand("strategy", "new_strategy:strategy", "Write a strategy that works, and its test."),)


app = typer.Typer(
    name="new",
    cls=NewCommands,
    help="Begin a strategy of your own.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def _new() -> None:
    pass
