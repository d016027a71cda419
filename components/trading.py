"""Trading: the table of portfolios, and what trades in them."""

import pulumi

from components.configuration import Configuration
from components.stores.trading_store import TradingTable


class Trading(pulumi.ComponentResource):
    """The trading table."""

    table: TradingTable

    def __init__(self, name: str, *, configuration: Configuration, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tickfold:index:Trading", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.table = TradingTable(name, protect=configuration.protect_data, opts=child)
        self.register_outputs({"trading_table": self.table.table_name})
