"""The table of `RunStore` and `RunLifecycle` of tickfold.backtests, and the DynamoDB actions of their methods.

A run's items are its record (`run`), the number of its chunks that are done (`chunks_done`) and who folds it
(`folder`), which no index has, and its messages (`event#000001` and on).
"""

import pulumi

from components.aws.grant import Grant
from components.aws.table import Index, Key, Table
from functions import settings

_BY_USER = "by_user"
_BY_STATUS = "by_status"


class RunTable(Table):
    """The table of runs. `create`, `end` and `reopen` also need the rights of `QuotaTable`."""

    def __init__(self, name: str, *, protect: bool, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(
            f"{name}-runs",
            key=Key("run_id", "entry"),
            indexes=[
                Index(_BY_USER, Key("user_id", "created_at")),
                Index(_BY_STATUS, Key("status", "created_at"), "KEYS_ONLY"),
            ],
            variable=settings.RUNS_TABLE,
            protect=protect,
            stream=True,
            opts=opts,
        )

    def may_create(self) -> Grant:
        """`RunLifecycle.create`: a transaction, for which IAM checks the action of each write."""
        return Grant.union(self.may("PutItem"), self.may_read())

    def may_read(self) -> Grant:
        """`get` and `status`."""
        return self.may("GetItem")

    def may_list(self) -> Grant:
        """`of_user`."""
        return self.may_query(_BY_USER)

    def may_find_running(self) -> Grant:
        """`running`."""
        return self.may_query(_BY_STATUS)

    def may_read_messages(self) -> Grant:
        """`messages_after`."""
        return self.may("Query")

    def may_fold(self) -> Grant:
        """`only_one_folds`."""
        return self.may("UpdateItem")

    def may_publish(self) -> Grant:
        """`set`, `note_failure`, `chunk_done`, and what appends a message, which reads the record first:
        `publish`, `publish_fetching`, `publish_progress`, `publish_all_done`, `RunLifecycle.end` and `reopen`."""
        return Grant.union(self.may("UpdateItem", "PutItem"), self.may_read())
