"""What must outlive a function's invocation: who is connected, and how far each run is."""

import pulumi

from components.aws.table import Index, Key, Table
from functions import settings


class Tables(pulumi.ComponentResource):
    """The tables of connections and their subscriptions, of runs, and of what users have started."""

    connections: Table
    subscriptions: Table
    runs: Table
    users: Table

    def __init__(self, name: str, *, protect: bool, opts: pulumi.ResourceOptions | None = None) -> None:
        """Create them. With `protect` they cannot be deleted."""
        super().__init__("tickfold:index:Tables", name, None, opts)
        self.connections = Table(
            f"{name}-connections",
            key=Key("connection_id"),
            variable=settings.CONNECTIONS_TABLE,
            protect=protect,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.subscriptions = Table(
            f"{name}-subscriptions",
            key=Key("topic", "connection_id"),
            variable=settings.SUBSCRIPTIONS_TABLE,
            protect=protect,
            opts=pulumi.ResourceOptions(parent=self),
        )
        # A run's entries are its record (`run`) and its messages (`event#000001` and on).
        self.runs = Table(
            f"{name}-runs",
            key=Key("run_id", "entry"),
            indexes=[Index("by_user", Key("user_id", "created_at"))],
            variable=settings.RUNS_TABLE,
            protect=protect,
            stream=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        # A user's entries are the runs that go on (`running`), the starts of a day (`day#2026-01-31`), and the keys
        # under which runs were started (`key#...`).
        self.users = Table(
            f"{name}-users",
            key=Key("user_id", "entry"),
            variable=settings.USERS_TABLE,
            protect=protect,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
