"""`tickfold data`: the bars of a stack."""

import typer

from tickfold.cli.lazy_group import LazyGroup, UnloadedCommand


class DataCommands(LazyGroup):
    """The commands of the group."""

    unloaded = (
        UnloadedCommand("load", "data_load:load", "Load bars from a file, all or none."),
        UnloadedCommand("list", "data_list:list_series", "List the series that are loaded."),
        UnloadedCommand("show", "data_show:show", "Show a series: its ends, its gaps and its jumps."),
        UnloadedCommand("remove", "data_remove:remove", "Remove the bars of a symbol."),
    )


app = typer.Typer(
    name="data",
    cls=DataCommands,
    help="List, load, show and remove the bars that runs use.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def _data() -> None:
    pass
