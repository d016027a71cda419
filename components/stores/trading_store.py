"""The table of `PortfolioStore` and `Switches` of tickfold.portfolios, and the DynamoDB actions of their methods.

The items of a portfolio (`p#ID`) are its head (`head`), its journal (`journal#000000000042`), its orders
(`order#ID`), its bots (`bot#ID`) and the keys of its payments (`key#...`). `portfolios` lists all, `owner#USER` a
user's, `symbol#SYMBOL` those that a bar concerns; `configuration` has the switches and their changes.
"""

import pulumi

from components.aws.grant import Grant
from components.aws.table import Index, Key, Table
from functions import settings

_BY_NUMBER = "by_number"


class TradingTable(Table):
    """The table of portfolios, and of what trades in them."""

    def __init__(self, name: str, *, protect: bool, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(
            f"{name}-trading",
            key=Key("portfolio", "entry"),
            indexes=[Index(_BY_NUMBER, Key("portfolio", "numbered"))],
            variable=settings.TRADING_TABLE,
            protect=protect,
            stream=True,
            opts=opts,
        )

    def may_append(self) -> Grant:
        """`append`: a transaction, for which IAM checks the action of each write."""
        return self.may("PutItem", "DeleteItem")

    def may_step(self) -> Grant:
        """`Trader.advance`: `append` with the writes of `BotStore`, and what it reads of both and of `Switches`."""
        return self.may("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem")

    def may_read(self) -> Grant:
        """`get`, `order` and `revision_of`."""
        return self.may("GetItem")

    def may_read_journal(self) -> Grant:
        """`entries_after` and `all_ids`."""
        return self.may("Query")

    def may_read_bots(self) -> Grant:
        """`get` and `of` of `BotStore`; `append` writes what its other methods return."""
        return self.may("GetItem", "Query")

    def may_list(self) -> Grant:
        """`of_owner`."""
        return self.may("Query", "BatchGetItem")

    def may_find_by_symbol(self) -> Grant:
        """`of_symbol`."""
        return self.may("Query")

    def may_list_by_number(self) -> Grant:
        """`orders` and `entries_with_fills`."""
        return self.may_query(_BY_NUMBER)

    def may_read_switches(self) -> Grant:
        """`Switches.read` and `check_orders`."""
        return self.may("GetItem")
