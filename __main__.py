"""Tickfold's stack: one line a subsystem, and what the stack exports."""

import pulumi

from components.alerts import Alerts
from components.api import Api
from components.aws.alarm_topic import AlarmTopic
from components.aws.package import Package
from components.aws.tags import tag_everything
from components.backtests import Backtests
from components.configuration import Configuration
from components.data_lake import DataLake
from components.market_data import MarketData
from components.realtime import Realtime
from components.trading import Trading

configuration = Configuration.load(pulumi.Config(), pulumi.get_stack())
name = f"{pulumi.get_project()}-{pulumi.get_stack()}"
tag_everything({"project": pulumi.get_project(), "stack": pulumi.get_stack()})

lake = DataLake(name, configuration=configuration)
package = Package(name, bucket=lake.bucket.bucket_name, dependencies=configuration.dependencies)
alarms = AlarmTopic(name, emails=configuration.alarm_email)
market_data = MarketData(name, configuration=configuration, package=package, lake=lake, alarms=alarms)
backtests = Backtests(name, configuration=configuration, package=package, lake=lake, market_data=market_data)
trading = Trading(name, configuration=configuration, package=package, lake=lake, market_data=market_data)
alerts = Alerts(
    name,
    configuration=configuration,
    package=package,
    market_data=market_data,
    backtests=backtests,
    trading=trading,
)
realtime = Realtime(
    name,
    configuration=configuration,
    package=package,
    lake=lake,
    market_data=market_data,
    backtests=backtests,
    trading=trading,
    alerts=alerts,
)
api = Api(
    name,
    configuration=configuration,
    package=package,
    lake=lake,
    market_data=market_data,
    backtests=backtests,
    trading=trading,
    alerts=alerts,
)

pulumi.export("region", backtests.runs.region)
pulumi.export("websocket_url", realtime.api.websocket_url)
pulumi.export("http_url", api.api.url)
pulumi.export("connections_endpoint", realtime.api.connections_endpoint)
pulumi.export("bucket", lake.bucket.bucket_name)
pulumi.export("state_machine_arn", backtests.workflow.arn)
pulumi.export("connections_table", realtime.tables.connections.table_name)
pulumi.export("subscriptions_table", realtime.tables.subscriptions.table_name)
pulumi.export("runs_table", backtests.runs.table_name)
pulumi.export("users_table", backtests.users.table_name)
pulumi.export("athena_workgroup", lake.athena.workgroup.name)
pulumi.export("athena_database", lake.database.name)
pulumi.export("bars_table", market_data.bars.table_name)
pulumi.export("trading_table", trading.table.table_name)
pulumi.export("alerts_table", alerts.table.table_name)
pulumi.export("keys_secret", market_data.keys.arn)
if market_data.schwab_tokens:
    pulumi.export("schwab_tokens_secret", market_data.schwab_tokens.arn)
pulumi.export("providers", market_data.order)
