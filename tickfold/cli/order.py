"""`tickfold order`: the orders of a portfolio."""

from tickfold.cli.lazy_group import UnloadedCommand, group

app = group(
    "order",
    "Place, list, change and cancel orders of a portfolio.",
    UnloadedCommand("place", "order_place:place", "Place an order."),
    UnloadedCommand("list", "order_list:list_orders", "List the orders of a portfolio."),
    UnloadedCommand("change", "order_change:change", "Change an open order."),
    UnloadedCommand("cancel", "order_change:cancel", "Cancel an open order, or all."),
    UnloadedCommand("close", "order_change:close", "Close a position at the market, or all."),
)
