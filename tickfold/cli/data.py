"""`tickfold data`: the bars of a stack."""

import typer

from tickfold.cli import data_list, data_load, data_remove, data_show

app = typer.Typer(help="List, load, show and remove the bars that runs use.", no_args_is_help=True)
app.command("load")(data_load.load)
app.command("list")(data_list.list_series)
app.command("show")(data_show.show)
app.command("remove")(data_remove.remove)
