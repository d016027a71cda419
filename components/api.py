"""The HTTP API: API Gateway's own check of tokens, and the function behind all its paths."""

import pulumi

from components.alerts import Alerts
from components.aws.http_api import HttpApi
from components.aws.package import Package
from components.aws.python_function import PythonFunction
from components.backtests import Backtests
from components.configuration import Configuration
from components.data_lake import DataLake
from components.market_data import MarketData
from components.subsystem import Subsystem
from components.trading import Trading
from functions import settings
from functions.api import DOCUMENT


class Api(Subsystem):
    """The API and its function."""

    http: PythonFunction
    api: HttpApi

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
        super().__init__("tickfold:index:Api", name, configuration=configuration, package=package, opts=opts)
        self.http = self._create_http(lake, market_data, backtests, trading, alerts)
        self.api = self._create_api()
        self.register_outputs({"http_url": self.api.url})

    def _create_http(
        self, lake: DataLake, market_data: MarketData, backtests: Backtests, trading: Trading, alerts: Alerts
    ) -> PythonFunction:
        return self._create_function(
            f"{self._name}-http",
            module="api.http",
            layers=["base", "numeric"],
            grants=[
                lake.may_find_series(),
                lake.may_read_bars(),
                lake.may_read_results(),
                market_data.bars.may_read(),
                market_data.bars.may_read_states(),
                market_data.bars.may_watch(),
                market_data.may_know_providers(),
                backtests.may_start_runs(),
                backtests.may_cancel_runs(),
                backtests.may_read_runs(),
                backtests.users.may_count_requests(),
                trading.may_trade(),
                alerts.may_manage(),
            ],
            environment={
                settings.REQUEST_LIMIT: str(self._configuration.max_requests_a_minute),
                settings.AUDIENCE: self._configuration.audience,
                settings.PORTFOLIOS_CLAIM: self._configuration.portfolios_claim,
            },
            # One processor, of which imports take most of a second and bars up to 240 MB (series_reader.MOST_BARS).
            memory=1_769,
            timeout=29,
        )

    def _create_api(self) -> HttpApi:
        return HttpApi(
            f"{self._name}-http",
            function=self.http,
            issuer=self._configuration.issuer,
            audience=self._configuration.audience,
            public=[DOCUMENT],
            origins=self._configuration.http_origins,
            throttling_rate=self._configuration.throttling_rate,
            throttling_burst=self._configuration.throttling_burst,
            log_retention_days=self._configuration.log_retention_days,
            opts=self._child,
        )
