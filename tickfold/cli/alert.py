"""`tickfold alert`: rules by which you are told of prices, portfolios, runs and the feed."""

from tickfold.cli.lazy_group import UnloadedCommand, group

app = group(
    "alert",
    "Be told of prices, portfolios, runs and the feed, here, by e-mail or webhook.",
    UnloadedCommand("add", "alert_add:add", "Make a rule."),
    UnloadedCommand("list", "alert_rules:list_rules", "List your rules, and how far each is."),
    UnloadedCommand("remove", "alert_rules:remove", "Delete rules."),
    UnloadedCommand("test", "alert_rules:send_test", "Send a test message by the channels of a rule."),
    UnloadedCommand("history", "alert_history:history", "List your alerts, the latest first."),
    UnloadedCommand("watch", "alert_history:watch", "Show alerts as they come."),
    UnloadedCommand("preferences", "alert_preferences:preferences", "Show or set how you want alerts."),
)
