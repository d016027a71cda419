"""`tickfold feed`: the symbols that the feed fetches."""

from tickfold.cli.lazy_group import UnloadedCommand, group

app = group(
    "feed",
    "List, add and remove the symbols that the feed fetches.",
    UnloadedCommand("list", "feed_symbols:list_symbols", "List the symbols, and how far each is."),
    UnloadedCommand("add", "feed_symbols:add", "Have the feed fetch symbols."),
    UnloadedCommand("remove", "feed_symbols:remove", "Have the feed fetch symbols no longer."),
)
