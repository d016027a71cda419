"""`tickfold portfolio`: the user's portfolios."""

from tickfold.cli.lazy_group import UnloadedCommand, group

app = group(
    "portfolio",
    "Create, show, fund and stop your portfolios.",
    UnloadedCommand("create", "portfolio_create:create", "Create a portfolio."),
    UnloadedCommand("list", "portfolio_show:list_portfolios", "List your portfolios."),
    UnloadedCommand("show", "portfolio_show:show", "Show what a portfolio is worth, and its limits."),
    UnloadedCommand("positions", "portfolio_show:positions", "List what a portfolio holds."),
    UnloadedCommand("trades", "portfolio_show:trades", "List the fills of a portfolio, the latest first."),
    UnloadedCommand("journal", "portfolio_journal:journal", "Print the journal of a portfolio, and follow it."),
    UnloadedCommand("deposit", "portfolio_change:deposit", "Pay dollars in."),
    UnloadedCommand("withdraw", "portfolio_change:withdraw", "Pay dollars out."),
    UnloadedCommand("limits", "portfolio_change:limits", "Set the risk limits of a portfolio."),
    UnloadedCommand("kill", "portfolio_change:kill", "Stop all trading of a portfolio at once."),
    UnloadedCommand("lift", "portfolio_change:lift", "Let a portfolio trade again."),
)
