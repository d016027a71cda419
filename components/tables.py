"""What must outlive a function's invocation: who is connected, and how far each run is."""

import pulumi

from components.table import Index, Key, Table
from tickfold import environment


class Tables(pulumi.ComponentResource):
    """The tables of connections and of runs."""

    connections: Table
    runs: Table

    def __init__(self, name: str, *, protect: bool, opts: pulumi.ResourceOptions | None = None) -> None:
        """Create both tables. With `protect` they cannot be deleted."""
        super().__init__("tickfold:index:Tables", name, None, opts)
        self.connections = Table(
            f"{name}-connections",
            key=Key("connection_id"),
            indexes=[
                Index("by_user", Key("user_id", "connected_at")),
                Index("by_portfolio", Key("portfolio_id", "connected_at")),
            ],
            variable=environment.CONNECTIONS_TABLE,
            protect=protect,
            opts=pulumi.ResourceOptions(parent=self),
        )
        # A run's entries are its record (`run`) and its messages (`message#000001` and on).
        self.runs = Table(
            f"{name}-runs",
            key=Key("run_id", "entry"),
            indexes=[Index("by_user", Key("user_id", "created_at"))],
            variable=environment.RUNS_TABLE,
            protect=protect,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
