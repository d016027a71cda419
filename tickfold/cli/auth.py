"""`tickfold auth`: logins at providers of market data that need a person."""

from tickfold.cli.lazy_group import UnloadedCommand, group

app = group(
    "auth",
    "Log in to a provider of market data.",
    UnloadedCommand("schwab", "auth_schwab:schwab", "Log in to Schwab, which is needed once a week."),
)
