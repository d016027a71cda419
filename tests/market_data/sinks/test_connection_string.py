"""The connection string of PostgreSQL comes from a secret, and is never shown."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tickfold.market_data.sinks.connection_string import SecretConnectionString
from tickfold.market_data.sinks.errors import SinkMisconfiguredError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

URL = "postgresql://me:secret@db.example:6543/postgres"


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator["SecretsManagerClient"]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("secretsmanager", region_name="us-east-1")
        client.create_secret(Name="market-data", SecretString="{}")
        yield client


def test_connection_string_is_read_anew_each_time(secrets: "SecretsManagerClient") -> None:
    read = SecretConnectionString(secrets, "market-data")
    assert read() is None
    for url in (URL, URL.replace("secret", "new")):
        secrets.put_secret_value(SecretId="market-data", SecretString=json.dumps({"postgres": url, "alpaca": {}}))
        assert read() == url
    assert "secret" not in repr(read).replace("SecretConnectionString", "")


@pytest.mark.parametrize("written", ['{"postgres": ""}', '{"postgres": null}', '{"alpaca": {"key": "k"}}'])
def test_secret_without_a_connection_string_means_that_there_is_no_postgresql(
    secrets: "SecretsManagerClient", written: str
) -> None:
    secrets.put_secret_value(SecretId="market-data", SecretString=written)
    assert SecretConnectionString(secrets, "market-data")() is None


def test_secret_that_was_never_set_means_that_there_is_no_postgresql(secrets: "SecretsManagerClient") -> None:
    secrets.create_secret(Name="without-value")
    assert SecretConnectionString(secrets, "without-value")() is None
    secrets.delete_secret(SecretId="without-value")
    with pytest.raises(ClientError, match="InvalidRequestException"):
        SecretConnectionString(secrets, "without-value")()


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (URL, "is not a JSON object with a key 'postgres'"),
        (json.dumps([URL]), "is not a JSON object with a key 'postgres'"),
        (json.dumps({"postgres": {"url": URL}}), "the key 'postgres' of the secret of market data is not text"),
    ],
)
def test_secret_in_another_form_is_told_without_its_value(
    secrets: "SecretsManagerClient", written: str, reason: str
) -> None:
    secrets.put_secret_value(SecretId="market-data", SecretString=written)
    with pytest.raises(SinkMisconfiguredError, match=reason) as error:
        SecretConnectionString(secrets, "market-data")()
    assert "me:secret" not in str(error.value)
    assert error.value.__suppress_context__ or error.value.__context__ is None
