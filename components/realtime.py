"""Realtime: the WebSocket API, its functions, the tables of connections, and the delivery of messages,
bars and alerts."""

import pulumi
import pulumi_aws as aws

from components.alerts import Alerts
from components.aws.dead_letter_queue import DeadLetterQueue
from components.aws.package import Package
from components.aws.python_function import PythonFunction
from components.aws.stream_consumer import stream_consumer
from components.aws.table import Table
from components.aws.websocket_api import WebSocketApi
from components.backtests import Backtests
from components.configuration import Configuration
from components.data_lake import DataLake
from components.market_data import MarketData
from components.stores.connection_store import ConnectionTables
from components.subsystem import Subsystem
from components.trading import Trading
from functions import settings


class Realtime(Subsystem):
    """Tables, API and functions of the connections with clients."""

    tables: ConnectionTables
    api: WebSocketApi
    authorize: PythonFunction
    connect: PythonFunction
    disconnect: PythonFunction
    message: PythonFunction
    deliver: PythonFunction
    dead_letters: DeadLetterQueue
    message_delivery: aws.lambda_.EventSourceMapping
    bar_delivery: aws.lambda_.EventSourceMapping
    journal_delivery: aws.lambda_.EventSourceMapping
    alert_delivery: aws.lambda_.EventSourceMapping

    def __init__(
        self,
        name: str,
        *,
        configuration: Configuration,
        package: Package,
        lake: DataLake,
        market_data: MarketData,
        backtests: Backtests,
        trading: Trading,
        alerts: Alerts,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("tickfold:index:Realtime", name, configuration=configuration, package=package, opts=opts)
        self.tables = ConnectionTables(name, protect=configuration.protect_data, opts=self._child)
        self.dead_letters = DeadLetterQueue(f"{name}-realtime-dead-letters", opts=self._child)
        self.api = self._create_api()
        self.authorize = self._create_authorize()
        self.connect = self._create_connect()
        self.disconnect = self._create_disconnect()
        self.message = self._create_message(lake, market_data, backtests, trading, alerts)
        self.deliver = self._create_deliver(market_data, backtests, trading, alerts)
        self._route()
        self.message_delivery = self._deliver_stream("deliver", backtests.runs, "event#")
        self.bar_delivery = self._deliver_stream("deliver-bars", market_data.bars, "bar#")
        self.journal_delivery = self._deliver_stream("deliver-journals", trading.table, "journal#")
        self.alert_delivery = self._deliver_stream("deliver-alerts", alerts.table, "alert#")
        self.register_outputs({"websocket_url": self.api.websocket_url})

    def _create_api(self) -> WebSocketApi:
        return WebSocketApi(
            self._name,
            throttling_rate=self._configuration.throttling_rate,
            throttling_burst=self._configuration.throttling_burst,
            log_retention_days=self._configuration.log_retention_days,
            own_account=self._configuration.own_api_gateway_account,
            opts=self._child,
        )

    def _create_authorize(self) -> PythonFunction:
        return self._create_function(
            f"{self._name}-authorize",
            module="websocket.authorize",
            layers=["base", "identity"],
            grants=[],
            environment={
                settings.ISSUER: self._configuration.issuer,
                settings.AUDIENCE: self._configuration.audience,
                settings.PORTFOLIOS_CLAIM: self._configuration.portfolios_claim,
            },
            memory=512,
            timeout=10,
        )

    def _create_connect(self) -> PythonFunction:
        return self._create_function(
            f"{self._name}-connect",
            module="websocket.connect",
            layers=["base"],
            grants=[self.tables.may_add(), self.tables.may_subscribe()],
            memory=512,
            timeout=10,
        )

    def _create_disconnect(self) -> PythonFunction:
        return self._create_function(
            f"{self._name}-disconnect",
            module="websocket.disconnect",
            layers=["base"],
            grants=[self.tables.may_remove()],
            memory=512,
            timeout=10,
        )

    def _create_message(
        self, lake: DataLake, market_data: MarketData, backtests: Backtests, trading: Trading, alerts: Alerts
    ) -> PythonFunction:
        return self._create_function(
            f"{self._name}-message",
            module="websocket.message",
            layers=["base", "numeric"],
            grants=[
                lake.may_find_series(),
                market_data.bars.may_read(),
                market_data.bars.may_read_states(),
                market_data.bars.may_watch(),
                market_data.bars.may_find_uncompacted(),
                market_data.may_know_providers(),
                backtests.may_start_runs(),
                backtests.may_cancel_runs(),
                backtests.may_read_runs(),
                trading.may_trade(),
                alerts.may_manage(),
                self.tables.may_subscribe(),
                self.tables.may_unsubscribe(),
                self.tables.may_remove(),
                self.api.may_post_to_connections(),
                self.api.may_close_connections(),
            ],
            memory=1_769,
            timeout=29,
        )

    def _create_deliver(
        self, market_data: MarketData, backtests: Backtests, trading: Trading, alerts: Alerts
    ) -> PythonFunction:
        return self._create_function(
            f"{self._name}-deliver",
            module="websocket.deliver",
            layers=["base"],
            grants=[
                backtests.runs.may_read_stream(),
                market_data.bars.may_read_stream(),
                trading.table.may_read_stream(),
                alerts.table.may_read_stream(),
                alerts.table.may_know_watched(),
                market_data.may_announce(),
                self.dead_letters.may_send(),
                self.tables.may_find_subscribers(),
                self.tables.may_remove(),
                self.api.may_post_to_connections(),
                self.api.may_close_connections(),
            ],
            memory=1_769,
            timeout=60,
        )

    def _route(self) -> None:
        self.api.route("$connect", self.connect, authorizer=self.authorize)
        self.api.route("$disconnect", self.disconnect)
        self.api.route("$default", self.message)
        self.api.deploy()

    def _deliver_stream(self, name: str, table: Table, prefix: str) -> aws.lambda_.EventSourceMapping:
        """Deliver the items of `table` whose sort key begins with `prefix`, when they are appended."""
        pattern = {"eventName": ["INSERT"], "dynamodb": {"Keys": {"entry": {"S": [{"prefix": prefix}]}}}}
        return stream_consumer(
            f"{self._name}-{name}-mapping",
            table=table,
            function=self.deliver,
            dead_letters=self.dead_letters,
            pattern=pattern,
            opts=self._child,
        )
