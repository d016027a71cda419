"""Lambda functions: code, runtime, logs, traces, alias, environment."""

import json
from collections.abc import Callable
from pathlib import Path

import pulumi
import pytest

from components.aws.grant import Grant, Statement
from components.aws.package import Package
from components.aws.python_function import ENVIRONMENT_LIMIT, EnvironmentRefusedError, PythonFunction
from tests.components.capture import ROOT, Resource, Stack, capture, configuration_of, run_program

FUNCTION = "aws:lambda/function:Function"
BACKTESTS = ["plan", "simulate", "reduce", "report_failure", "reconcile"]
MARKET_DATA = ["fetch", "tick", "compact", "export", "check_feed", "catch_up", "quotes"]
ALERTS = ["evaluate", "check_silence", "send", "follow_link"]
WEBSOCKET = ["authorize", "connect", "disconnect", "message", "deliver"]
TRADERS = ["trade", "export_portfolios"]
MODULES = [*WEBSOCKET, "http", *TRADERS, *BACKTESTS, *MARKET_DATA, *ALERTS]
FOLDERS = {"backtests": BACKTESTS, "market_data": MARKET_DATA, "alerts": ALERTS, "api": ["http"], "trading": TRADERS}
ENDPOINT = "https://a1b2c3d4e5.execute-api.eu-north-1.amazonaws.com/live"
MACHINE = {"TICKFOLD_STATE_MACHINE_ARN": "arn:aws:states:eu-north-1:111122223333:stateMachine:tickfold-dev-backtest"}
BUCKET = {"TICKFOLD_BUCKET": "tickfold-dev-lake-1a2b3c4"}
CONNECTIONS = {
    "TICKFOLD_CONNECTIONS_TABLE": "tickfold-dev-connections",
    "TICKFOLD_SUBSCRIPTIONS_TABLE": "tickfold-dev-subscriptions",
}
TALK = {**CONNECTIONS, "TICKFOLD_CONNECTIONS_ENDPOINT": ENDPOINT}
BARS = {"TICKFOLD_BARS_TABLE": "tickfold-dev-bars"}
TRADING = {"TICKFOLD_TRADING_TABLE": "tickfold-dev-trading"}
SCHWAB_TOKENS = {
    "TICKFOLD_SCHWAB_TOKENS_SECRET": (
        "arn:aws:secretsmanager:eu-north-1:111122223333:secret:tickfold-dev-schwab-tokens-1a2b3c"
    )
}
PROVIDERS = {"TICKFOLD_PROVIDERS": '[{"name": "alpaca"}, {"name": "schwab"}]', **SCHWAB_TOKENS}
ALERTS_TABLE = {"TICKFOLD_ALERTS_TABLE": "tickfold-dev-alerts"}
MAIL = {
    "TICKFOLD_ALERT_SENDER": "alerts@tickfold.example",
    "TICKFOLD_ALERT_LINKS_URL": "https://tickfold-dev-follow-link.lambda-url.eu-north-1.on.aws/",
}
RUNS = {"TICKFOLD_RUNS_TABLE": "tickfold-dev-runs"}
USERS = {"TICKFOLD_USERS_TABLE": "tickfold-dev-users"}
ENVIRONMENTS = {
    "authorize": {
        "TICKFOLD_ISSUER": "https://tenant.eu.auth0.com/",
        "TICKFOLD_AUDIENCE": "https://tickfold.example",
        "TICKFOLD_PORTFOLIOS_CLAIM": "portfolios",
    },
    "connect": CONNECTIONS,
    "disconnect": CONNECTIONS,
    "message": {
        **BUCKET,
        **TALK,
        **RUNS,
        **USERS,
        **BARS,
        **ALERTS_TABLE,
        **MAIL,
        **TRADING,
        "TICKFOLD_PROVIDERS": PROVIDERS["TICKFOLD_PROVIDERS"],
        "TICKFOLD_RUNNING_LIMIT": "20",
        "TICKFOLD_DAILY_LIMIT": "2000",
        "TICKFOLD_REDUCE_MEMORY": "3008",
        **MACHINE,
    },
    "http": {
        **BUCKET,
        **RUNS,
        **USERS,
        **BARS,
        **ALERTS_TABLE,
        **MAIL,
        **TRADING,
        "TICKFOLD_PROVIDERS": PROVIDERS["TICKFOLD_PROVIDERS"],
        "TICKFOLD_RUNNING_LIMIT": "20",
        "TICKFOLD_DAILY_LIMIT": "2000",
        "TICKFOLD_REQUEST_LIMIT": "600",
        "TICKFOLD_REDUCE_MEMORY": "3008",
        "TICKFOLD_AUDIENCE": "https://tickfold.example",
        "TICKFOLD_PORTFOLIOS_CLAIM": "portfolios",
        **MACHINE,
    },
    "plan": {
        **BUCKET,
        **RUNS,
        "TICKFOLD_USERS_TABLE": "tickfold-dev-users",
        "TICKFOLD_WORKERS": "3",
        "TICKFOLD_ACTIVE_LIMIT": "2",
        "TICKFOLD_REDUCE_MEMORY": "3008",
    },
    "simulate": {**BUCKET, **RUNS},
    "reduce": {**BUCKET, **RUNS, **USERS},
    "report_failure": {**RUNS, **USERS},
    "reconcile": {**RUNS, **USERS, **MACHINE},
    "deliver": {**TALK, **ALERTS_TABLE, "TICKFOLD_EVENT_SOURCE": "tickfold.tickfold-dev"},
    "tick": {
        **BARS,
        **PROVIDERS,
        "TICKFOLD_KEYS_SECRET": (
            "arn:aws:secretsmanager:eu-north-1:111122223333:secret:tickfold-dev-market-data-1a2b3c"
        ),
        "TICKFOLD_METRICS_NAMESPACE": "Tickfold/RealTimeStreaming",
        "TICKFOLD_EVENT_SOURCE": "tickfold.tickfold-dev",
    },
    "compact": {**BUCKET, **BARS},
    "trade": {**BUCKET, **BARS, **TRADING},
    "export_portfolios": {**BUCKET, **TRADING},
    "fetch": {
        **BUCKET,
        **RUNS,
        **BARS,
        **PROVIDERS,
        "TICKFOLD_KEYS_SECRET": (
            "arn:aws:secretsmanager:eu-north-1:111122223333:secret:tickfold-dev-market-data-1a2b3c"
        ),
    },
    "quotes": {
        **BARS,
        **PROVIDERS,
        "TICKFOLD_KEYS_SECRET": (
            "arn:aws:secretsmanager:eu-north-1:111122223333:secret:tickfold-dev-market-data-1a2b3c"
        ),
    },
    "check_feed": {**BARS, **SCHWAB_TOKENS, "TICKFOLD_METRICS_NAMESPACE": "Tickfold/RealTimeStreaming"},
    "catch_up": {
        **BARS,
        "TICKFOLD_KEYS_SECRET": (
            "arn:aws:secretsmanager:eu-north-1:111122223333:secret:tickfold-dev-market-data-1a2b3c"
        ),
    },
    "evaluate": {**ALERTS_TABLE, **BARS, **TRADING},
    "check_silence": {**ALERTS_TABLE, **BARS},
    "send": {**ALERTS_TABLE, **MAIL},
    "follow_link": ALERTS_TABLE,
    "export": {
        "TICKFOLD_KEYS_SECRET": (
            "arn:aws:secretsmanager:eu-north-1:111122223333:secret:tickfold-dev-market-data-1a2b3c"
        ),
        "TICKFOLD_DEAD_LETTERS_QUEUE": (
            "https://sqs.eu-north-1.amazonaws.com/111122223333/tickfold-dev-market-data-dead-letters"
        ),
        "TICKFOLD_METRICS_NAMESPACE": "Tickfold/RealTimeStreaming",
    },
}


def handler_of(module: str) -> str:
    folder = next((folder for folder, modules in FOLDERS.items() if module in modules), "websocket")
    return f"functions.{folder}.{module}.handler"


def function_of(stack: Stack, module: str) -> Resource:
    return stack.one(FUNCTION, f"-{module.replace('_', '-')}-function")


def test_there_is_a_function_for_every_module(dev: Stack) -> None:
    handlers = {function.inputs["handler"] for function in dev.of(FUNCTION)}
    assert handlers == {handler_of(module) for module in MODULES}


@pytest.mark.parametrize("module", MODULES)
def test_function_runs_its_module_on_arm(dev: Stack, module: str) -> None:
    inputs = function_of(dev, module).inputs
    assert inputs["name"] == f"tickfold-dev-{module.replace('_', '-')}"
    assert inputs["handler"] == handler_of(module)
    assert inputs["runtime"] == "python3.13"
    assert inputs["architectures"] == ["arm64"]
    assert inputs["role"] == f"arn:aws:iam::111122223333:role/{inputs['name']}-role-1a2b3c4"


@pytest.mark.parametrize("module", MODULES)
def test_code_is_in_the_bucket_under_a_key_that_contains_its_hash(dev: Stack, module: str) -> None:
    inputs, archive = function_of(dev, module).inputs, dev.one("aws:s3/bucketObjectv2:BucketObjectv2")
    assert inputs["s3Bucket"] == dev.outputs["bucket"] == archive.inputs["bucket"]
    assert inputs["s3Key"] == archive.inputs["key"]
    assert inputs["sourceCodeHash"]
    assert archive.inputs["key"].startswith("lambda/code-")
    assert Path(archive.inputs["source"].path).is_file()


@pytest.mark.parametrize("module", MODULES)
def test_environment_is_exactly_that_of_the_grants(dev: Stack, module: str) -> None:
    variables = function_of(dev, module).inputs["environment"]["variables"]
    assert variables == {"POWERTOOLS_SERVICE_NAME": module, **ENVIRONMENTS[module]}


@pytest.mark.parametrize("stack_name", ["dev", "prod"])
def test_log_retention_is_configured(stack_name: str, request: pytest.FixtureRequest) -> None:
    stack: Stack = request.getfixturevalue(stack_name)
    feed = {
        f"/aws/lambda/tickfold-{stack_name}-{module.replace('_', '-')}" for module in MARKET_DATA if module != "fetch"
    }
    configured, of_feed = {"dev": (7, 7), "prod": (90, 14)}[stack_name]
    for group in stack.of("aws:cloudwatch/logGroup:LogGroup"):
        assert group.inputs["retentionInDays"] == (of_feed if group.inputs["name"] in feed else configured), group.name


@pytest.mark.parametrize("module", MODULES)
def test_function_depends_on_its_log_group_and_its_policy(dev: Stack, module: str) -> None:
    function, suffix = function_of(dev, module), module.replace("_", "-")
    group = dev.one("aws:cloudwatch/logGroup:LogGroup", f"-{suffix}-logs")
    policy = dev.one("aws:iam/rolePolicy:RolePolicy", f"-{suffix}-policy")
    assert {group.urn, policy.urn} <= function.depends_on
    assert function.inputs["loggingConfig"] == {
        "logFormat": "JSON",
        "logGroup": f"/aws/lambda/{function.inputs['name']}",
    }
    assert group.inputs["name"] == f"/aws/lambda/{function.inputs['name']}"


@pytest.mark.parametrize("module", MODULES)
def test_function_is_traced(dev: Stack, module: str) -> None:
    assert function_of(dev, module).inputs["tracingConfig"] == {"mode": "Active"}


@pytest.mark.parametrize("module", MODULES)
def test_alias_points_to_the_published_version(dev: Stack, module: str) -> None:
    function, alias = function_of(dev, module), dev.one("aws:lambda/alias:Alias", f"-{module.replace('_', '-')}-alias")
    assert function.inputs["publish"] is True
    assert alias.inputs["name"] == "live"
    assert alias.inputs["functionName"] == function.inputs["name"]
    # "7" is the version that the recorded Lambda answered; $LATEST would not be a published one.
    assert alias.inputs["functionVersion"] == "7"


@pytest.mark.parametrize("module", MODULES)
def test_role_can_be_assumed_by_lambda_only(dev: Stack, module: str) -> None:
    role = dev.one("aws:iam/role:Role", f"-{module.replace('_', '-')}-role")
    assert json.loads(role.inputs["assumeRolePolicy"])["Statement"] == [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]


@pytest.mark.parametrize("module", ["connect", "disconnect", "message", "http"])
def test_timeout_behind_the_api_is_at_most_29_seconds(dev: Stack, module: str) -> None:
    assert function_of(dev, module).inputs["timeout"] <= 29


SIZES = {
    "authorize": (512, 10),
    "connect": (512, 10),
    "disconnect": (512, 10),
    "message": (1_769, 29),
    "deliver": (1_769, 60),
    "http": (1_769, 29),
    "fetch": (1_769, 600),
    "plan": (1_769, 60),
    "simulate": (1_769, 60),
    "reduce": (3_008, 600),
    "report_failure": (512, 30),
    "reconcile": (512, 300),
    "tick": (512, 55),
    "compact": (1_769, 600),
    "trade": (1_769, 300),
    "export_portfolios": (1_769, 900),
    "export": (256, 60),
    "check_feed": (512, 60),
    "quotes": (512, 30),
    "catch_up": (512, 300),
    "evaluate": (1_769, 60),
    "check_silence": (512, 60),
    "send": (512, 90),
    "follow_link": (512, 10),
}
"""MB and seconds."""


@pytest.mark.parametrize("module", MODULES)
def test_function_has_its_memory_and_timeout(dev: Stack, module: str) -> None:
    inputs = function_of(dev, module).inputs
    assert (inputs["memorySize"], inputs["timeout"]) == SIZES[module]


def test_memory_of_the_workers_is_configured() -> None:
    changes = {"simulateMemory": "2000", "reduceMemory": "4000"}
    stack = run_program(configuration_of("dev", dependencies="runtime", **changes))
    assert function_of(stack, "simulate").inputs["memorySize"] == 2_000
    assert function_of(stack, "reduce").inputs["memorySize"] == 4_000
    for module in ("plan", "message", "http"):
        assert function_of(stack, module).inputs["environment"]["variables"]["TICKFOLD_REDUCE_MEMORY"] == "4000"


def test_settings_of_the_stack_reach_the_functions() -> None:
    changes = {"maxConcurrency": "7", "maxActiveRuns": "5", "maxRunningRuns": "3", "maxDailyRuns": "11"}
    changes |= {"portfoliosClaim": "mine", "simulateConcurrency": "80"}
    stack = run_program(configuration_of("dev", dependencies="runtime", **changes))
    variables = {module: function_of(stack, module).inputs["environment"]["variables"] for module in MODULES}
    assert variables["plan"]["TICKFOLD_WORKERS"] == "7"
    assert variables["plan"]["TICKFOLD_ACTIVE_LIMIT"] == "5"
    for module in ("message", "http"):
        assert variables[module]["TICKFOLD_RUNNING_LIMIT"] == "3"
        assert variables[module]["TICKFOLD_DAILY_LIMIT"] == "11"
    for module in ("authorize", "http"):
        assert variables[module]["TICKFOLD_PORTFOLIOS_CLAIM"] == "mine"
    reserved = {module: function_of(stack, module).inputs.get("reservedConcurrentExecutions") for module in MODULES}
    assert reserved == dict.fromkeys(MODULES) | {"simulate": 80}


def test_no_concurrency_is_reserved_unless_configured(dev: Stack) -> None:
    assert [each.name for each in dev.of(FUNCTION) if "reservedConcurrentExecutions" in each.inputs] == []


def test_runtime_with_dependencies_gets_no_layers(dev: Stack) -> None:
    assert [function.inputs["layers"] for function in dev.of(FUNCTION)] == [[]] * len(MODULES)


def test_every_handler_exists() -> None:
    files = {module: handler_of(module).removesuffix(".handler").replace(".", "/") + ".py" for module in MODULES}
    assert [module for module, file in files.items() if not (ROOT / file).is_file()] == []


# --- a function on its own -------------------------------------------------------------------------------------------


def create(environment: dict[str, str] | None = None, grant: Callable[[], Grant] = lambda: Grant([])) -> Stack:
    def program() -> None:
        PythonFunction(
            "probe",
            module="probe",
            package=Package("package", bucket="bucket", dependencies="runtime"),
            layers=["base"],
            grants=[grant()],
            memory=128,
            timeout=1,
            log_retention_days=1,
            environment=environment,
        )

    return capture(program, {})


RESERVED = [
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
]


@pytest.mark.parametrize("name", RESERVED)
def test_reserved_variable_is_refused_by_name(name: str) -> None:
    with pytest.raises(EnvironmentRefusedError, match=f"^probe: Lambda reserves the variable {name};"):
        create({name: "x"})


def test_reserved_variable_is_refused_in_a_grant_too() -> None:
    with pytest.raises(EnvironmentRefusedError, match="AWS_REGION"):
        create(grant=lambda: Grant([], {"AWS_REGION": "x"}))


def test_environment_of_4096_bytes_is_accepted_and_one_byte_more_refused() -> None:
    left = ENVIRONMENT_LIMIT - len("POWERTOOLS_SERVICE_NAME" + "probe" + "NAME")
    assert len(create({"NAME": "x" * left}).of(FUNCTION)) == 1
    with pytest.raises(EnvironmentRefusedError, match=r"^probe: the environment has 4,097 bytes; Lambda allows 4,096"):
        create({"NAME": "x" * (left + 1)})


def test_environment_size_counts_the_bytes_of_resolved_outputs() -> None:
    with pytest.raises(EnvironmentRefusedError, match="the environment has 4,128 bytes"):
        create(grant=lambda: Grant([], {"NAME": pulumi.Output.from_input("é" * 2_048)}))


def test_grant_adds_the_right_and_the_variable() -> None:
    stack = create(grant=lambda: Grant([Statement(["s3:GetObject"], ["arn:aws:s3:::bucket/key"])], {"WHERE": "bucket"}))
    document = json.loads(stack.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    assert {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::bucket/key"]} in document[
        "Statement"
    ]
    assert stack.one(FUNCTION).inputs["environment"]["variables"]["WHERE"] == "bucket"
