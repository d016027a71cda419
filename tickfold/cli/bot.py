"""`tickfold bot`: the bots of a portfolio."""

from tickfold.cli.lazy_group import UnloadedCommand, group

app = group(
    "bot",
    "Let strategies trade a part of a portfolio, as their runs did.",
    UnloadedCommand("create", "bot_create:create", "Create a bot that trades what a run has tested."),
    UnloadedCommand("list", "bot_show:list_bots", "List the bots of a portfolio."),
    UnloadedCommand("show", "bot_show:show", "Show what a bot trades, and what it has made."),
    UnloadedCommand("pause", "bot_change:pause", "Let a bot open no position."),
    UnloadedCommand("resume", "bot_change:resume", "Let a paused bot trade again."),
    UnloadedCommand("limits", "bot_change:limits", "Set the limits of a bot."),
    UnloadedCommand("stop", "bot_stop:stop", "Stop a bot, and close or keep its position."),
    UnloadedCommand("compare", "bot_compare:compare", "Compare a bot with the run over the same bars."),
)
