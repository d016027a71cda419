"""The table of `HotStore` and `WatchList` of tickfold.market_data.feed, and the DynamoDB actions of their methods.

The items of a series are its state (`state`), its bars (`bar#000000000042`) and the bars that are held back
(`quarantine#2026-01-30T14:30:00Z`). The partition `watchlist` has an item for each symbol that the feed fetches.
"""

import pulumi

from components.aws.grant import Grant
from components.aws.table import Key, Table
from functions import settings


class HotTable(Table):
    """The table of the bars that the lake does not have yet, and of the watch list."""

    def __init__(self, name: str, *, protect: bool, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(
            f"{name}-bars",
            key=Key("series", "entry"),
            variable=settings.BARS_TABLE,
            protect=protect,
            stream=True,
            opts=opts,
        )

    def may_append(self) -> Grant:
        """`state` and `append`: a transaction, for which IAM checks the action of each write."""
        return self.may("GetItem", "UpdateItem", "PutItem")

    def may_read(self) -> Grant:
        """`state`, `bars_after`, `oldest_first`, `newest_first`, `last_session` and `quarantined`."""
        return self.may("GetItem", "Query")

    def may_read_bars(self) -> Grant:
        """`bars_after`."""
        return self.may("Query")

    def may_read_states(self) -> Grant:
        """`states`."""
        return self.may("BatchGetItem")

    def may_find_uncompacted(self) -> Grant:
        """`uncompacted`."""
        return self.may("BatchGetItem", "Query")

    def may_note_compaction(self) -> Grant:
        """`set_compacted`."""
        return self.may("UpdateItem")

    def may_delete(self) -> Grant:
        """`delete`."""
        return self.may("BatchWriteItem")

    def may_hold_lease(self) -> Grant:
        """`Lease.acquire` and `release`."""
        return self.may("UpdateItem")

    def may_list(self) -> Grant:
        """`WatchList.all` and `ever`."""
        return self.may("Query")

    def may_watch(self) -> Grant:
        """`WatchList.add`, `remove` and `all`."""
        return self.may("Query", "BatchWriteItem")
