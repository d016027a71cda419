"""The table of `AlertStore` of tickfold.alerts, and the DynamoDB actions of its methods.

The items of a user (`user#ID`) are the preferences (`preferences`), the rules (`rule#ID`) and the alerts
(`alert#TIME#ID`); those of a source (`watch#symbol#GOOG`, `watch#portfolio#ID`), the rules that watch it, and how far
they are evaluated.
"""

import pulumi

from components.aws.grant import Grant
from components.aws.table import Key, Table
from functions import settings


class AlertTable(Table):
    """The table of rules, alerts and preferences."""

    def __init__(self, name: str, *, protect: bool, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(
            f"{name}-alerts",
            key=Key("holder", "entry"),
            variable=settings.ALERTS_TABLE,
            protect=protect,
            stream=True,
            opts=opts,
        )

    def may_evaluate(self) -> Grant:
        """`watching`, `rule` and `advance`: a transaction, for which IAM checks the action of each write."""
        return self.may("Query", "BatchGetItem", "UpdateItem", "PutItem")

    def may_follow_bars(self) -> Grant:
        """`evaluated_to` and `note_evaluated`."""
        return self.may("GetItem", "UpdateItem")

    def may_follow_journals(self) -> Grant:
        """`watches`, `watched_portfolios`, `evaluated_portfolio` and `note_evaluated_portfolio`."""
        return self.may("GetItem", "Query", "BatchGetItem", "PutItem")

    def may_know_watched(self) -> Grant:
        """`watched.is_watched`."""
        return self.may("Query")

    def may_send(self) -> Grant:
        """`preferences`, `rule`, `deliveries` and `note_delivery`."""
        return self.may("GetItem", "BatchGetItem", "UpdateItem")

    def may_follow_links(self) -> Grant:
        """`preferences` and `set_email_state`."""
        return self.may("GetItem", "UpdateItem")

    def may_manage(self) -> Grant:
        """`preferences`, `set_preferences`, `rule`, `rules_of`, `create`, `change`, `delete`, `record`,
        `alerts_of` and `follow`."""
        return self.may("GetItem", "BatchGetItem", "Query", "PutItem", "DeleteItem")
