"""`tickfold data`: the bars that a stack has."""

import typer

from tickfold.cli import data_list, data_load

app = typer.Typer(help="The bars that runs are made on.", no_args_is_help=True)
app.command("load")(data_load.load)
app.command("list")(data_list.list_series)
