"""Deployment to the emulator: the whole program deploys, and unsupported resources are errors that name them."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from bokeh_sampledata import stocks
from botocore.exceptions import ClientError

from embedded import sample_bars
from embedded.account import Credentials
from embedded.cloud import Cloud
from embedded.configuration import configuration
from embedded.deployment import Deployment, DeploymentError, DeploymentProcess
from embedded.resources import UnsupportedResourceError, create
from embedded.resources.change import change
from embedded.stack import OUTPUTS, ROOT, EmbeddedStack
from tickfold.market_data.bar_store import BarStore

FUNCTIONS = {
    *("authorize", "connect", "disconnect", "message", "deliver"),
    *("plan", "simulate", "reduce", "report-failure", "reconcile"),
    *("tick", "compact", "export", "catch-up", "check-feed", "quotes", "fetch"),
    *("http", "trade", "export-portfolios"),
    *("evaluate", "check-silence", "send", "follow-link"),
}


def program(directory: Path, *lines: str) -> Path:
    """Write a Pulumi program of `lines`; return its source tree."""
    (directory / "Pulumi.dev.yaml").write_text("config:\n  tickfold:logRetentionDays: 7\n")
    (directory / "__main__.py").write_text("\n".join(["import pulumi", "import pulumi_aws as aws", *lines]))
    return directory


def test_every_output_names_an_existing_resource(stack: EmbeddedStack) -> None:
    outputs = stack.outputs
    assert set(OUTPUTS) <= set(outputs)
    assert outputs["region"] == stack.region
    assert stack.client("s3").get_bucket_versioning(Bucket=outputs["bucket"])["Status"] == "Enabled"
    for table in (outputs["connections_table"], outputs["runs_table"]):
        assert stack.client("dynamodb").describe_table(TableName=table)["Table"]["TableStatus"] == "ACTIVE"
    machine = stack.client("stepfunctions").describe_state_machine(stateMachineArn=outputs["state_machine_arn"])
    assert machine["status"] == "ACTIVE"
    assert "${" not in machine["definition"]
    workgroup = stack.client("athena").get_work_group(WorkGroup=outputs["athena_workgroup"])["WorkGroup"]
    assert workgroup["Configuration"]["EnforceWorkGroupConfiguration"] is True
    tables = stack.client("glue").get_tables(DatabaseName=outputs["athena_database"])["TableList"]
    of_one, of_several = {"bars", "trades", "equity", "runs"}, {"equity_by_symbol", "runs_by_symbol"}
    of_portfolios = {f"portfolio_{what}" for what in ("orders", "fills", "trades", "cash_flows", "equity")}
    assert {table["Name"] for table in tables} == of_one | of_several | of_portfolios | {"sweeps", "walk_forward"}


def test_api_is_on_loopback_with_a_route_per_function(stack: EmbeddedStack) -> None:
    websocket, management = (urlsplit(stack.outputs[name]) for name in ("websocket_url", "connections_endpoint"))
    assert (websocket.scheme, management.scheme) == ("ws", "http")
    assert websocket.hostname == management.hostname == "127.0.0.1"
    assert websocket.path == management.path
    api_id = websocket.path.split("/")[-2]
    routes = stack.client("apigatewayv2").get_routes(ApiId=api_id)["Items"]
    assert {route["RouteKey"] for route in routes} == {"$connect", "$disconnect", "$default"}


def test_http_api_is_on_loopback_and_checks_tokens_of_the_stack_s_issuer(stack: EmbeddedStack) -> None:
    url = urlsplit(stack.outputs["http_url"])
    assert (url.scheme, url.hostname) == ("http", "127.0.0.1")
    client, api_id = stack.client("apigatewayv2"), url.path.split("/")[-1]
    routes = {each["RouteKey"]: each["AuthorizationType"] for each in client.get_routes(ApiId=api_id)["Items"]}
    assert routes == {"ANY /v1/{proxy+}": "JWT", "GET /v1/openapi.json": "NONE"}
    (authorizer,) = client.get_authorizers(ApiId=api_id)["Items"]
    assert authorizer["JwtConfiguration"] == {"Audience": ["tickfold-embedded"], "Issuer": stack.issuer.url}


def test_origins_of_pages_are_changed_in_place(stack: EmbeddedStack) -> None:
    client, api_id = stack.client("apigatewayv2"), urlsplit(stack.outputs["http_url"]).path.split("/")[-1]
    for origins in (["https://console.example"], []):
        inputs = {"protocolType": "HTTP"} | ({"corsConfiguration": {"allowOrigins": origins}} if origins else {})
        change(stack.cloud, "aws:apigatewayv2/api:Api", api_id, inputs, {"name": "tickfold-embedded-http"})
        found = client.get_api(ApiId=api_id).get("CorsConfiguration", {})
        assert found.get("AllowOrigins", []) == origins


def test_every_function_is_deployed_behind_an_alias(stack: EmbeddedStack) -> None:
    client = stack.client("lambda")
    names = [function["FunctionName"] for function in client.list_functions()["Functions"]]
    assert {name.removeprefix("tickfold-embedded-") for name in names} == FUNCTIONS
    for name in names:
        (alias,) = client.list_aliases(FunctionName=name)["Aliases"]
        assert alias["Name"] == "live"
        assert alias["FunctionVersion"] != "$LATEST"


def test_sample_bars_are_loaded(stack: EmbeddedStack) -> None:
    store = BarStore(stack.client("s3"), stack.outputs["bucket"])
    series = store.catalog.get("GOOG", "1d")
    loaded = store.read(series, 0, series.bars)
    expected = sample_bars.daily_bars("GOOG")
    assert len(loaded) == 2148
    assert loaded.timestamp.tolist() == expected.timestamp.tolist()
    assert loaded.close.tolist() == expected.close.tolist()


def test_sample_bars_are_adjusted_for_splits() -> None:
    bars = sample_bars.daily_bars("AAPL")
    table = stocks.AAPL
    split = table["date"].index("2005-02-28")
    assert table["close"][split] / table["close"][split - 1] < 0.52
    assert 0.9 < bars.close[split] / bars.close[split - 1] < 1.1
    assert (bars.low <= bars.close).all()
    assert (bars.close <= bars.high).all()


def credentials_of(stack: EmbeddedStack, function: str) -> Credentials:
    """Return credentials of a function's role."""
    role = stack.client("lambda").get_function_configuration(FunctionName=f"tickfold-embedded-{function}")["Role"]
    key = stack.client("sts").assume_role(RoleArn=role, RoleSessionName="test-session")["Credentials"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"])


def test_role_has_only_the_granted_permissions(stack: EmbeddedStack) -> None:
    connect = Cloud(stack.endpoint_url, credentials_of(stack, "connect"))
    table, row = stack.outputs["connections_table"], {"connection_id": {"S": "granted"}}
    connect.client("dynamodb").put_item(TableName=table, Item=row)
    with pytest.raises(ClientError, match="AccessDenied"):
        connect.client("dynamodb").delete_item(TableName=table, Key=row)
    stack.client("dynamodb").delete_item(TableName=table, Key=row)
    with pytest.raises(ClientError, match="AccessDenied"):
        connect.client("s3").list_objects_v2(Bucket=stack.outputs["bucket"])


def deploy(root: Path, cloud: Cloud, directory: Path, settings: Mapping[str, str]) -> Deployment:
    with DeploymentProcess(root, cloud, directory, settings) as deploying:
        return deploying.result()


def test_uploaded_object_is_known_by_its_version(stack: EmbeddedStack, tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_text("hello")
    bucket = stack.outputs["bucket"]
    tree = program(
        tmp_path,
        'page = pulumi.FileAsset("page.txt")',
        f'stored = aws.s3.BucketObjectv2("page", bucket="{bucket}", key="page.txt", source=page)',
        'pulumi.export("version", stored.version_id)',
    )
    version = deploy(tree, stack.cloud, tmp_path, {}).outputs["version"]
    assert version
    found = stack.client("s3").get_object(Bucket=bucket, Key="page.txt", VersionId=version)
    assert found["Body"].read() == b"hello"
    stack.client("s3").delete_object(Bucket=bucket, Key="page.txt", VersionId=version)


def test_program_that_dies_is_told_by_the_end_of_its_log(stack: EmbeddedStack, tmp_path: Path) -> None:
    tree = program(tmp_path, 'print("x" * 5_000 + "the last words", flush=True)', "import os", "os._exit(3)")
    with pytest.raises(DeploymentError, match=r"could not be deployed: x+the last words\s*$") as caught:
        deploy(tree, stack.cloud, tmp_path, {})
    assert len(str(caught.value)) < 2_500


def test_unknown_resource_type_is_named_in_the_error(stack: EmbeddedStack, tmp_path: Path) -> None:
    tree = program(tmp_path, 'aws.kinesis.Stream("jobs")')
    with pytest.raises(DeploymentError, match=r"jobs is of the type aws:kinesis/stream:Stream"):
        deploy(tree, stack.cloud, tmp_path, {})


def test_unused_input_is_named_in_the_error(stack: EmbeddedStack, tmp_path: Path) -> None:
    tree = program(tmp_path, 'aws.s3.Bucket("locked", object_lock_enabled=True)')
    with pytest.raises(DeploymentError, match=r"locked \(aws:s3/bucket:Bucket\).*objectLockEnabled"):
        deploy(tree, stack.cloud, tmp_path, {})


def test_input_unknown_to_the_api_is_an_error(stack: EmbeddedStack, tmp_path: Path) -> None:
    tree = program(tmp_path, 'aws.iam.Role("strange", assume_role_policy="{}", managed_policy_arns=["x"])')
    with pytest.raises(DeploymentError, match=r"(?s)strange \(aws:iam/role:Role\) was refused.*ManagedPolicyArns"):
        deploy(tree, stack.cloud, tmp_path, {})


def test_error_of_the_program_is_reported(stack: EmbeddedStack, tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match="ZeroDivisionError"):
        deploy(program(tmp_path, "1 / 0"), stack.cloud, tmp_path, {})


def test_unknown_call_is_named_in_the_error(stack: EmbeddedStack, tmp_path: Path) -> None:
    tree = program(tmp_path, 'aws.get_availability_zones(state="available")')
    with pytest.raises(DeploymentError, match="getAvailabilityZones"):
        deploy(tree, stack.cloud, tmp_path, {})


def test_caller_identity_and_region_are_known(stack: EmbeddedStack, tmp_path: Path) -> None:
    tree = program(
        tmp_path,
        'pulumi.export("account", aws.get_caller_identity().account_id)',
        'pulumi.export("region", aws.get_region().region)',
    )
    outputs = deploy(tree, stack.cloud, tmp_path, {}).outputs
    identity = stack.client("sts").get_caller_identity()["Account"]
    assert outputs == {"account": identity, "region": stack.region}


def test_integers_and_user_keys_are_passed_unchanged(stack: EmbeddedStack) -> None:
    _, made = create(
        stack.cloud,
        "aws:cloudwatch/logGroup:LogGroup",
        "group",
        {"retentionInDays": 7.0, "tags": {"lowerCase": "kept"}},
    )
    (group,) = stack.client("logs").describe_log_groups(logGroupNamePrefix=made["name"])["logGroups"]
    assert group["retentionInDays"] == 7
    assert stack.client("logs").list_tags_for_resource(resourceArn=made["arn"])["tags"] == {"lowerCase": "kept"}


def test_create_refuses_an_unknown_type(stack: EmbeddedStack) -> None:
    with pytest.raises(UnsupportedResourceError, match="add its creator"):
        create(stack.cloud, "aws:kinesis/stream:Stream", "jobs", {})


def test_configuration_is_the_development_stacks_with_overrides() -> None:
    settings = configuration(ROOT, {"issuer": "http://127.0.0.1:1"})
    assert settings["tickfold:issuer"] == "http://127.0.0.1:1"
    assert settings["tickfold:dependencies"] == "runtime"
    assert settings["tickfold:ownApiGatewayAccount"] == "false"
    assert settings["tickfold:logRetentionDays"] == "7"


@pytest.mark.parametrize(("cores", "concurrency"), [(None, "4"), (1, "4"), (2, "4"), (3, "6"), (16, "32")])
def test_configuration_of_a_program_has_the_machines_overrides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cores: int | None, concurrency: str
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    assert configuration(program(tmp_path), {"text": "as it is"}) == {
        "aws:region": "us-east-1",
        "tickfold:logRetentionDays": "7",
        "tickfold:dependencies": "runtime",
        "tickfold:ownApiGatewayAccount": "false",
        "tickfold:protectData": "false",
        "tickfold:maxConcurrency": concurrency,
        "tickfold:maxActiveRuns": "20",
        "tickfold:alertSender": "alerts@tickfold.example",
        "tickfold:alertLoopbackWebhooks": "true",
        "tickfold:text": "as it is",
    }


def test_environment_credentials_are_not_used(stack: EmbeddedStack) -> None:
    """Clients use the stack's own key, whatever profile the user has."""
    frozen = boto3.Session().get_credentials()
    assert frozen is None or frozen.access_key != stack.credentials.access_key_id
    assert stack.client("sts").get_caller_identity()["Arn"].endswith(":root")


def test_second_deployment_changes_nothing(stack: EmbeddedStack) -> None:
    with stack.deploying() as again:
        deployment = again.result()
    assert (deployment.changed, deployment.outputs) == (0, stack.outputs)
    assert deployment.resources > 100
