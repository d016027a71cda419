"""`tickfold data`: the bars of a stack."""

from tickfold.cli.lazy_group import UnloadedCommand, group

app = group(
    "data",
    "List, load, fetch, show, check and remove the bars that runs use, and set the keys of providers.",
    UnloadedCommand("load", "data_load:load", "Load bars from a file, all or none."),
    UnloadedCommand("fetch", "data_fetch:fetch", "Fetch bars that the lake lacks from providers."),
    UnloadedCommand("list", "data_list:list_series", "List the series that are loaded."),
    UnloadedCommand("show", "data_show:show", "Show a series: its ends, its gaps and its jumps."),
    UnloadedCommand("check", "data_check:check", "Check bars for errors and oddities."),
    UnloadedCommand("remove", "data_remove:remove", "Remove the bars of a symbol."),
    UnloadedCommand("keys", "data_keys:app", "Store, list and remove the keys of market data providers."),
)
