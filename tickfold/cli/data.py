"""`tickfold data`: the bars of a stack."""

import typer

from tickfold.cli import data_list, data_load

app = typer.Typer(help="List and load the bars that runs use.", no_args_is_help=True)
app.command("load")(data_load.load)
app.command("list")(data_list.list_series)
