"""`tickfold new`: begin something of one's own."""

from tickfold.cli.lazy_group import UnloadedCommand, group

app = group(
    "new",
    "Begin a strategy of your own.",
    UnloadedCommand("strategy", "new_strategy:strategy", "Write a strategy that works, and its test."),
)
