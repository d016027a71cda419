"""A stack's configuration: what the stack files say, and how each mistake is answered."""

import contextvars
import json
import re
from collections.abc import Mapping

import pulumi
import pytest
import yaml
from pulumi.runtime import set_all_config

from components.configuration import RETENTION_DAYS, Configuration, ConfigurationError
from tests.components.capture import ROOT, configuration_of, run_program


def load(values: Mapping[str, str], stack_name: str = "test") -> Configuration:
    def read() -> Configuration:
        set_all_config(dict(values))
        return Configuration.load(pulumi.Config("tickfold"), stack_name)

    return contextvars.Context().run(read)


def test_dev_is_unprotected_and_prod_protected_with_higher_limits() -> None:
    dev, prod = load(configuration_of("dev")), load(configuration_of("prod"))
    assert not dev.protect_data
    assert prod.protect_data
    assert dev.log_retention_days < prod.log_retention_days
    assert dev.bytes_scanned_limit < prod.bytes_scanned_limit
    assert dev.throttling_rate < prod.throttling_rate
    assert dev.max_concurrency < prod.max_concurrency
    assert dev.dependencies == prod.dependencies == "layers"


@pytest.mark.parametrize("stack_name", ["dev", "prod"])
def test_stack_file_names_a_region(stack_name: str) -> None:
    assert configuration_of(stack_name)["aws:region"] == "us-east-1"


def test_omitted_key_takes_its_default() -> None:
    left_out: dict[str, None] = dict.fromkeys(
        [
            "portfoliosClaim",
            "httpOrigins",
            "maxConcurrency",
            "maxActiveRuns",
            "simulateConcurrency",
            "maxRunningRuns",
            "maxDailyRuns",
            "maxRequestsAMinute",
            "simulateMemory",
            "reduceMemory",
            "providers",
            "feedMarkets",
            "exportToPostgresql",
            "alertSender",
            "alertLoopbackWebhooks",
            "metricsNamespace",
            "alarmEmail",
            "dependencies",
        ]
    )
    configuration = load(configuration_of("dev", **left_out))
    assert configuration.portfolios_claim == "portfolios"
    assert configuration.http_origins == []
    assert configuration.max_concurrency == 40
    assert configuration.max_active_runs == 20
    assert configuration.simulate_concurrency is None
    assert configuration.max_running_runs == 20
    assert configuration.max_daily_runs == 2_000
    assert configuration.simulate_memory == 1_769
    assert configuration.reduce_memory == 3_008
    assert configuration.providers == []
    assert configuration.feed_markets == ["XNYS"]
    assert not configuration.export_to_postgresql
    assert configuration.alert_sender is None
    assert not configuration.alert_loopback_webhooks
    assert configuration.metrics_namespace == "Tickfold/RealTimeStreaming"
    assert configuration.dependencies == "layers"


def test_providers_are_named_in_order() -> None:
    providers = load(configuration_of("dev", providers=" alpaca, yahoo ,")).providers
    assert [each.name for each in providers] == ["alpaca", "yahoo"]


def test_origins_may_be_written_with_commas() -> None:
    origins = load(configuration_of("dev", httpOrigins="https://console.example, http://127.0.0.1:5173")).http_origins
    assert origins == ["https://console.example", "http://127.0.0.1:5173"]


WRONG = {
    "issuer": [
        "",
        "tenant.eu.auth0.com",
        "http://tenant.eu.auth0.com/",
        "https://",
        "https://tenant.eu.auth0.com/?a=b",
        "https://tenant.eu.auth0.com/#a",
        "http://[::1",
        "ftp://127.0.0.1/",
    ],
    "audience": ["", "account"],
    "portfoliosClaim": [""],
    "httpOrigins": ["console.example", "https://console.example/", "http://console.example", "*", "https://*.example"],
    "logRetentionDays": ["6", "0", "-1", "two", "", "7.5"],
    "throttlingRate": ["0", "10001", "many"],
    "throttlingBurst": ["0", "5001", "many"],
    "bytesScannedLimit": ["9999999", "1 GB"],
    "ownApiGatewayAccount": ["perhaps", "", "2"],
    "protectData": ["perhaps", "", "2"],
    "maxConcurrency": ["0", "10001", "all"],
    "maxActiveRuns": ["0", "1001", "all"],
    "simulateConcurrency": ["0", "100001", "all", ""],
    "maxRunningRuns": ["0", "1001", "some"],
    "maxDailyRuns": ["0", "1000001", "some"],
    "maxRequestsAMinute": ["0", "100001", "some"],
    "simulateMemory": ["127", "10241", "2 GB"],
    "reduceMemory": ["127", "10241", "2 GB"],
    "providers": [
        "reuters",
        "[",
        '[{"name": "alpaca", "base_url": "http://example.com"}]',
        '[{"name": "alpaca", "key": "k"}]',
    ],
    "feedMarkets": ["XLON", '["XNYS", "always"]'],
    "exportToPostgresql": ["perhaps", ""],
    "alertSender": ["", "alerts", "a@b", "a b@example.com", "Tickfold <alerts@example.com>"],
    "alertLoopbackWebhooks": ["perhaps", ""],
    "metricsNamespace": ["", "a b", "a" * 256],
    "alarmEmail": ["ops", "ops@localhost", '["ops@example.com", "a b@example.com"]'],
    "dependencies": ["layer", "Layers", ""],
}
ALLOWED = {
    "issuer": [
        "https://tenant.eu.auth0.com/",
        "https://cognito-idp.eu-north-1.amazonaws.com/eu-north-1_abc",
        "http://127.0.0.1:8080",
        "http://localhost:8080/realm",
        "http://[::1]:8080",
    ],
    "audience": ["a", "https://tickfold.example"],
    "portfoliosClaim": ["a", "https://tickfold.example/portfolios", "cognito:groups"],
    "httpOrigins": ["[]", '["https://console.example", "https://a.example:8443", "http://127.0.0.1:5173"]'],
    "logRetentionDays": ["1", "3653"],
    "throttlingRate": ["1", "10000"],
    "throttlingBurst": ["1", "5000"],
    "bytesScannedLimit": ["10000000"],
    "ownApiGatewayAccount": ["true", "false"],
    "protectData": ["true", "false"],
    "maxConcurrency": ["1", "10000"],
    "maxActiveRuns": ["1", "1000"],
    "simulateConcurrency": ["1", "100000"],
    "maxRunningRuns": ["1", "1000"],
    "maxDailyRuns": ["1", "1000000"],
    "maxRequestsAMinute": ["1", "100000"],
    "simulateMemory": ["128", "10240"],
    "reduceMemory": ["128", "10240"],
    "providers": [
        '[{"name": "alpaca", "base_url": "https://data.sandbox.alpaca.markets", "feed": "sip", "path": null}]',
        "[]",
    ],
    "feedMarkets": ['["XNYS", "24/7"]'],
    "exportToPostgresql": ["true", "false"],
    "alertSender": ["alerts@example.com", "a+b@mail.example.co.uk"],
    "alertLoopbackWebhooks": ["true", "false"],
    "metricsNamespace": ["AlphaKite/RealTimeStreaming", "a"],
    "alarmEmail": ["[]", '["ops@example.com", "o.ps+tickfold@sub.example.com"]'],
    "dependencies": ["layers", "runtime"],
}
EXPECTED = {
    "issuer": "the https:// URL of the OpenID Connect issuer",
    "audience": "what the tokens' aud must say",
    "portfoliosClaim": "the claim of the tokens",
    "httpOrigins": "such as https://console.example",
    "logRetentionDays": ", ".join(map(str, RETENTION_DAYS)),
    "throttlingRate": "1 to 10000",
    "throttlingBurst": "1 to 5000",
    "bytesScannedLimit": "10000000 or more",
    "ownApiGatewayAccount": "true or false",
    "protectData": "true or false",
    "maxConcurrency": "1 to 10000",
    "maxActiveRuns": "1 to 1000",
    "simulateConcurrency": "1 to 100000",
    "maxRunningRuns": "1 to 1000",
    "maxDailyRuns": "1 to 1000000",
    "maxRequestsAMinute": "1 to 100000",
    "simulateMemory": "128 to 10240",
    "reduceMemory": "128 to 10240",
    "providers": "such as alpaca,alpha_vantage",
    "feedMarkets": "XNYS or 24/7",
    "exportToPostgresql": "true or false",
    "alertSender": "such as alerts@example.com",
    "alertLoopbackWebhooks": "true or false",
    "metricsNamespace": "such as Tickfold/RealTimeStreaming",
    "alarmEmail": "the addresses that alarms write to",
    "dependencies": "layers (built and attached), or runtime",
}


def pairs(values: Mapping[str, list[str]]) -> list[tuple[str, str]]:
    return [(key, value) for key, listed in values.items() for value in listed]


def test_every_key_is_tried() -> None:
    keys = {field.alias for field in Configuration.model_fields.values()}
    assert WRONG.keys() == ALLOWED.keys() == EXPECTED.keys() == keys


@pytest.mark.parametrize(("key", "value"), pairs(WRONG))
def test_invalid_value_error_names_the_key_and_what_is_expected(key: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(configuration_of("dev", **{key: value}))
    message = str(refused.value)
    assert message.startswith(f"tickfold:{key} is {value!r}; expected ")
    assert EXPECTED[key] in message
    assert f"pulumi config set tickfold:{key} VALUE" in message


@pytest.mark.parametrize(("key", "value"), pairs(ALLOWED))
def test_value_at_a_limit_is_accepted(key: str, value: str) -> None:
    configuration = load(configuration_of("dev", **{key: value}))
    taken = configuration.model_dump(mode="json", by_alias=True)[key]
    assert (taken if isinstance(taken, str) else json.dumps(taken)) == value


@pytest.mark.parametrize("days", RETENTION_DAYS)
def test_every_retention_period_is_accepted(days: int) -> None:
    assert load(configuration_of("dev", logRetentionDays=str(days))).log_retention_days == days


REQUIRED = [
    "issuer",
    "audience",
    "logRetentionDays",
    "throttlingRate",
    "throttlingBurst",
    "bytesScannedLimit",
    "ownApiGatewayAccount",
    "protectData",
]


@pytest.mark.parametrize("key", REQUIRED)
def test_missing_key_error_names_the_key_and_what_is_expected(key: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^tickfold:{key} is missing; expected ") as refused:
        load(configuration_of("dev", **{key: None}))
    assert EXPECTED[key] in str(refused.value)


@pytest.mark.parametrize("stack_name", ["dev", "prod"])
def test_stack_file_omits_the_issuer_and_refers_to_the_docs(stack_name: str) -> None:
    text = (ROOT / f"Pulumi.{stack_name}.yaml").read_text()
    assert not {"tickfold:issuer", "tickfold:audience"} & yaml.safe_load(text)["config"].keys()
    assert all(words in text for words in ("pulumi config set tickfold:issuer ", "docs/how-to/set-up-identity.md"))
    with pytest.raises(
        ConfigurationError, match=r"(?s)tickfold:issuer is missing.*docs/how-to/set-up-identity.md.*tickfold:audience"
    ):
        load(configuration_of(stack_name, issuer=None, audience=None))


def test_unknown_key_error_lists_the_known_keys() -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(configuration_of("dev", logRetentionDay="7"))
    assert str(refused.value).startswith("tickfold:logRetentionDay is not a known key; known keys: ")
    assert "logRetentionDays" in str(refused.value)


def test_keys_of_other_namespaces_are_ignored() -> None:
    configuration = load({**configuration_of("dev"), "aws:profile": "x", "tickfoldish:logRetentionDay": "7"})
    assert configuration.log_retention_days == 7


def test_all_mistakes_are_reported_at_once() -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(configuration_of("dev", protectData=None, simulateMemory="1", memory="1"))
    assert [line.split()[0] for line in str(refused.value).splitlines()] == [
        "tickfold:protectData",
        "tickfold:simulateMemory",
        "tickfold:memory",
    ]


def test_configuration_is_read_from_the_engine_s_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    values = configuration_of("dev", logRetentionDay="7")
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(values))
    with pytest.raises(ConfigurationError, match="tickfold:logRetentionDay is not a known key"):
        load({})


def test_invalid_configuration_stops_the_program() -> None:
    with pytest.raises(ConfigurationError, match="tickfold:protectData is missing"):
        run_program(configuration_of("dev", protectData=None))


@pytest.mark.parametrize("name", ["dev", "a", "eu-2", "a" * 20])
def test_stack_name_that_aws_accepts_everywhere_is_accepted(name: str) -> None:
    assert load(configuration_of("dev"), name)


@pytest.mark.parametrize("name", ["my.stack", "my_stack", "Alice", "9th", "-a", "a-", "a" * 21, "ä"])
def test_stack_name_that_aws_refuses_half_way_is_refused_at_once(name: str) -> None:
    expected = rf"^the stack's name is {re.escape(repr(name))}; expected 1 to 20 small letters"
    with pytest.raises(ConfigurationError, match=expected):
        load(configuration_of("dev"), name)


MOST_CHARACTERS = {
    "aws:iam/role:Role": 64 - len("-0123abc"),
    "aws:lambda/function:Function": 64,
    "aws:cloudwatch/eventRule:EventRule": 64,
    "aws:s3/bucket:Bucket": 63 - len("-0123abc"),
    "aws:sfn/stateMachine:StateMachine": 80,
}
"""Of the names of resources; Pulumi completes those of roles and buckets by eight characters."""


def test_names_of_the_longest_stack_name_fit() -> None:
    stack = run_program(configuration_of("dev", dependencies="runtime"), stack_name="a" * 20)
    for token, most in MOST_CHARACTERS.items():
        names = [found.inputs.get("name") or found.name for found in stack.of(token)]
        assert names, token
        assert max(map(len, names)) <= most, max(names, key=len)
