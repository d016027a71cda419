"""Tickfold's stack: one run's way from the client's message through the workflow to the lake, and back."""

import pulumi

from components.aws.arn import Arn
from components.aws.package import Package
from components.aws.python_function import PythonFunction
from components.aws.tags import tag_everything
from components.aws.websocket_api import WebSocketApi
from components.backtest_workflow import BacktestWorkflow
from components.catalog import Catalog
from components.configuration import Configuration
from components.data_lake import DataLake
from components.delivery import Delivery
from components.tables import Tables
from functions import settings
from tickfold.storage import layout

configuration = Configuration.load(pulumi.Config())
name = f"{pulumi.get_project()}-{pulumi.get_stack()}"
tag_everything({"project": pulumi.get_project(), "stack": pulumi.get_stack()})

# What keeps: Parquet in S3, read by Athena; connections and runs in DynamoDB.
lake = DataLake(name, protect=configuration.protect_data)
catalog = Catalog(name, lake=lake, bytes_scanned_limit=configuration.bytes_scanned_limit)
tables = Tables(name, protect=configuration.protect_data)

# What runs: Plan, Simulate × N, Reduce. What they tell of a run is kept, and delivered to whoever follows it.
api = WebSocketApi(
    name,
    throttling_rate=configuration.throttling_rate,
    throttling_burst=configuration.throttling_burst,
    log_retention_days=configuration.log_retention_days,
    own_account=configuration.own_api_gateway_account,
)
package = Package(name, bucket=lake.bucket_name, dependencies=configuration.dependencies)
workflow = BacktestWorkflow(name, package=package, lake=lake, tables=tables, configuration=configuration)
Delivery(name, package=package, tables=tables, api=api, configuration=configuration)

# What answers the client.
authorize = PythonFunction(
    f"{name}-authorize",
    module="websocket.authorize",
    package=package,
    layers=["base", "identity"],
    grants=[],
    environment={
        settings.ISSUER: configuration.issuer,
        settings.AUDIENCE: configuration.audience,
        settings.PORTFOLIOS_CLAIM: configuration.portfolios_claim,
    },
    memory=512,
    timeout=10,
    log_retention_days=configuration.log_retention_days,
)
connect = PythonFunction(
    f"{name}-connect",
    module="websocket.connect",
    package=package,
    layers=["base"],
    grants=[tables.connections.may("PutItem", "UpdateItem"), tables.subscriptions.may("PutItem")],
    memory=512,
    timeout=10,
    log_retention_days=configuration.log_retention_days,
)
disconnect = PythonFunction(
    f"{name}-disconnect",
    module="websocket.disconnect",
    package=package,
    layers=["base"],
    grants=[tables.connections.may("DeleteItem"), tables.subscriptions.may("BatchWriteItem")],
    memory=512,
    timeout=10,
    log_retention_days=configuration.log_retention_days,
)
message = PythonFunction(
    f"{name}-message",
    module="websocket.message",
    package=package,
    layers=["base", "numeric"],
    grants=[
        lake.may_read(layout.SERIES),
        lake.may_list(layout.SERIES),
        tables.runs.may("PutItem", "GetItem", "UpdateItem", "Query"),
        tables.runs.may_query("by_user"),
        tables.users.may("PutItem", "GetItem", "UpdateItem"),
        tables.connections.may("UpdateItem", "DeleteItem"),
        tables.subscriptions.may("PutItem", "DeleteItem", "BatchWriteItem"),
        workflow.may_start_and_stop(),
        api.may_post_to_connections(),
        api.may_close_connections(),
    ],
    memory=1_769,
    timeout=29,
    log_retention_days=configuration.log_retention_days,
    environment={
        settings.RUNNING_LIMIT: str(configuration.max_running_runs),
        settings.DAILY_LIMIT: str(configuration.max_daily_runs),
    },
)
api.route("$connect", connect, authorizer=authorize)
api.route("$disconnect", disconnect)
api.route("$default", message)
api.deploy()

pulumi.export("region", tables.runs.table.arn.apply(lambda arn: Arn.parse(arn).region))
pulumi.export("websocket_url", api.websocket_url)
pulumi.export("connections_endpoint", api.connections_endpoint)
pulumi.export("bucket", lake.bucket_name)
pulumi.export("state_machine_arn", workflow.state_machine.arn)
pulumi.export("connections_table", tables.connections.table_name)
pulumi.export("subscriptions_table", tables.subscriptions.table_name)
pulumi.export("runs_table", tables.runs.table_name)
pulumi.export("users_table", tables.users.table_name)
pulumi.export("athena_workgroup", catalog.workgroup.name)
pulumi.export("athena_database", catalog.database.name)
