"""The table of `tickfold.backtests.quota.Quota` and `tickfold.realtime.request_rate.RequestRate`, and the DynamoDB
actions that each of their methods needs.

A user's items are the runs in progress (`running`), the starts of a day (`day#2026-01-31`), the keys under which runs
were started (`key#...`), and the HTTP requests of a minute (`requests#1769783400`). One item has the runs of all users
that are carried out (`active` of `*`).
"""

import pulumi

from components.aws.grant import Grant
from components.aws.table import Key, Table
from functions import settings


class QuotaTable(Table):
    """The table of what users have started."""

    def __init__(self, name: str, *, protect: bool, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(
            f"{name}-users",
            key=Key("user_id", "entry"),
            variable=settings.USERS_TABLE,
            protect=protect,
            opts=opts,
        )

    def may_start(self) -> Grant:
        """`start`: a transaction, for which IAM checks the action of each write, and a look at an earlier start."""
        return self.may("PutItem", "UpdateItem", "GetItem")

    def may_activate(self) -> Grant:
        """`activated`, as a write of `Admission.admit`."""
        return self.may("UpdateItem")

    def may_end(self) -> Grant:
        """`ended` and `reopened`, as writes of the run store's transactions."""
        return self.may("UpdateItem")

    def may_count_requests(self) -> Grant:
        """`RequestRate.check`."""
        return self.may("UpdateItem")
