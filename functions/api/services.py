"""What carries out the operations of the HTTP API: each built when an operation first needs it.

A cold start then imports no more than the first request: numpy comes with strategies, pyarrow with bars and curves.
"""

# ruff: noqa: PLC0415 - imported when needed, see above

import json
from functools import cached_property
from typing import TYPE_CHECKING

from functions import wiring
from functions.settings import HttpSettings
from tickfold.backtests.cancelling import RunCanceller
from tickfold.backtests.listing import RunLister
from tickfold.backtests.quota import Limits, Quota
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.backtests.workflow import Workflow
from tickfold.realtime.request_rate import RequestRate
from tickfold.realtime.unconnected import Unsubscribed
from tickfold.storage.bucket import Bucket

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient

    from tickfold.alerts.alert_requests import AlertRequests
    from tickfold.backtests.run_reader import RunReader
    from tickfold.backtests.starting import RunStarter
    from tickfold.market_data.feed.following import SymbolFollower
    from tickfold.market_data.feed.hot_store import HotStore
    from tickfold.market_data.feed.watch_list import WatchList
    from tickfold.market_data.series_reader import SeriesReader
    from tickfold.portfolios.desk import Desk
    from tickfold.portfolios.market_time import MarketTime
    from tickfold.portfolios.reading import PortfolioReader
    from tickfold.portfolios.store import PortfolioStore
    from tickfold.protocol.strategies import StrategyList
    from tickfold.strategies import Registry
    from tickfold.trading.bot_requests import BotRequests


class Services:
    """The domain, wired to the tables and the bucket of `settings`."""

    def __init__(
        self,
        settings: HttpSettings,
        logger: "Logger",
        dynamodb: "DynamoDBServiceResource",
        s3: "S3Client",
        step_functions: "SFNClient",
    ) -> None:
        self._settings = settings
        self._logger = logger
        self._dynamodb = dynamodb
        self._bucket = Bucket(s3, settings.bucket)
        self._workflow = Workflow(step_functions, settings.state_machine_arn)
        users = dynamodb.Table(settings.users_table)
        self.request_rate = RequestRate(users, settings.request_limit)
        self.runs = RunLifecycle(dynamodb.Table(settings.runs_table), Quota(users))
        self.lister = RunLister(self.runs)
        self.canceller = RunCanceller(self.runs, self._workflow)

    @classmethod
    def of(cls, settings: HttpSettings, logger: "Logger") -> "Services":
        """Return the services with the function's own clients."""
        return cls(settings, logger, wiring.dynamodb(), wiring.s3(), wiring.step_functions())

    @cached_property
    def starter(self) -> "RunStarter":
        """Starts runs, which no connection follows."""
        from tickfold.backtests.starting import RunStarter
        from tickfold.market_data.series_catalog import SeriesCatalog

        settings = self._settings
        return RunStarter(
            self.runs,
            Unsubscribed(),
            SeriesCatalog(self._bucket.s3, self._bucket.name),
            self._hot_store,
            self._watch_list,
            self._registry,
            self._workflow,
            Limits(running=settings.running_limit, daily=settings.daily_limit),
            settings.reduce_memory,
            self._logger,
            fetches=bool(json.loads(settings.providers)),
        )

    @cached_property
    def run_reader(self) -> "RunReader":
        """Reads the files of ended runs."""
        from tickfold.backtests.run_reader import RunReader

        return RunReader(self.runs, self._bucket)

    @cached_property
    def series_reader(self) -> "SeriesReader":
        """Reads series and bars."""
        from tickfold.market_data.bar_store import BarStore
        from tickfold.market_data.series_reader import SeriesReader

        return SeriesReader(BarStore(self._bucket.s3, self._bucket.name), self._hot_store)

    @cached_property
    def symbols(self) -> "SymbolFollower":
        """Knows the symbols of the feed."""
        from tickfold.market_data.feed.following import SymbolFollower

        return SymbolFollower(self._hot_store, self._watch_list, Unsubscribed())

    @cached_property
    def desk(self) -> "Desk":
        """Changes portfolios and orders."""
        from tickfold.portfolios.desk import Desk
        from tickfold.portfolios.switches import Switches

        switches = Switches(self._dynamodb.Table(self._settings.trading_table))
        return Desk(self._portfolio_store, switches, self._market)

    @cached_property
    def bots(self) -> "BotRequests":
        """Carries out requests about bots."""
        from tickfold.trading.bot_requests import BotRequests
        from tickfold.trading.bot_store import BotStore
        from tickfold.trading.bots import Bots

        store = BotStore(self._dynamodb.Table(self._settings.trading_table))
        return BotRequests(Bots(self._portfolio_store, store, self._registry), self.runs, self._market)

    @cached_property
    def portfolios(self) -> "PortfolioReader":
        """Reads portfolios and orders."""
        from tickfold.portfolios.reading import PortfolioReader

        return PortfolioReader(self._portfolio_store, Unsubscribed())

    @cached_property
    def alerts(self) -> "AlertRequests":
        """Carries out requests about alerts."""
        from functions.alerts.wiring import mailer, webhooks
        from tickfold.alerts.alert_requests import AlertRequests
        from tickfold.alerts.alert_store import AlertStore

        settings = self._settings
        return AlertRequests(
            AlertStore(self._dynamodb.Table(settings.alerts_table)),
            self._hot_store,
            self._watch_list,
            Unsubscribed(),
            mailer(settings),
            webhooks(settings),
            self._portfolio_store,
        )

    @cached_property
    def strategies(self) -> "StrategyList":
        """What the strategies are."""
        from tickfold.strategies.description import described

        return described(self._registry)

    @cached_property
    def _market(self) -> "MarketTime":
        from tickfold.portfolios.market_time import MarketTime

        return MarketTime(self._hot_store, self._watch_list)

    @cached_property
    def _registry(self) -> "Registry":
        from tickfold.strategies import Registry
        from tickfold.strategies.files import FOLDER

        return Registry.discover(FOLDER)

    @cached_property
    def _portfolio_store(self) -> "PortfolioStore":
        from tickfold.portfolios.store import PortfolioStore

        return PortfolioStore(self._dynamodb.Table(self._settings.trading_table))

    @cached_property
    def _watch_list(self) -> "WatchList":
        from tickfold.market_data.feed.watch_list import WatchList

        return WatchList(self._dynamodb.Table(self._settings.bars_table))

    @cached_property
    def _hot_store(self) -> "HotStore":
        from tickfold.market_data.feed.hot_store import HotStore

        return HotStore(self._dynamodb.Table(self._settings.bars_table))
