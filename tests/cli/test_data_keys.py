"""`tickfold data keys`: keys come from a terminal without echo or from standard input, and are never shown."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from tests.cli.conftest import Command
from tests.cli.secrets_server import SecretsServer
from tests.cli.terminal import terminal
from tickfold.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

ALPACA = {"key_id": "PKID", "secret_key": "topsecret"}


@pytest.fixture
def secrets(alone: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["SecretsManagerClient"]:
    """A client of the Secrets Manager of the stack that commands use."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("TICKFOLD_REGION", "us-east-1")
    monkeypatch.setenv("TICKFOLD_KEYS_SECRET", "keys")
    with mock_aws():
        client = boto3.client("secretsmanager", region_name="us-east-1")
        client.create_secret(Name="keys")
        yield client


def stored(secrets: "SecretsManagerClient") -> object:
    return json.loads(secrets.get_secret_value(SecretId="keys", VersionStage="AWSCURRENT")["SecretString"])


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_set_from_stdin_stores_the_keys_and_shows_none(
    tickfold: Command, secrets: "SecretsManagerClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, json.dumps(ALPACA | {"secret_key": " topsecret\n"}))
    ended = tickfold("data", "keys", "set", "alpaca", "--stdin")
    assert (ended.status, ended.stdout, ended.stderr) == (0, "stored the keys of alpaca\n", "")
    type_in(monkeypatch, '{"key": "demo"}')
    assert tickfold("data", "keys", "set", "Alpha-Vantage", "--stdin").status == 0
    assert stored(secrets) == {"alpaca": ALPACA, "alpha_vantage": {"key": "demo"}}


def test_connection_string_is_stored_as_text(
    tickfold: Command, secrets: "SecretsManagerClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, '{"connection_string": "host=db password=top secret"}')
    assert tickfold("data", "keys", "set", "postgres", "--stdin").stdout == "stored the keys of postgres\n"
    assert stored(secrets) == {"postgres": "host=db password=top secret"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("topsecret", 'expected {"key_id": "…", "secret_key": "…"}'),
        ("", 'expected {"key_id": "…", "secret_key": "…"}'),
        ('{"key_id": "topsecret"}', 'expected {"key_id": "…", "secret_key": "…"}'),
        ('{"key_id": "x", "secret_key": "topsecret", "more": "topsecret"}', "is not the JSON object of alpaca's keys"),
        ('{"key_id": " ", "secret_key": "topsecret"}', "key_id of alpaca is empty"),
        ('{"key_id": "x", "secret_key": 7}', "secret_key of alpaca is empty"),
        ('{"key_id": "x", "secret_key": "top\\nsecret"}', "secret_key of alpaca has a space or a character"),
        ('{"key_id": "x", "secret_key": "“topsecret”"}', "secret_key of alpaca has a space or a character"),
    ],
)
def test_set_of_something_else_stores_nothing_and_shows_none_of_it(
    tickfold: Command, secrets: "SecretsManagerClient", monkeypatch: pytest.MonkeyPatch, text: str, expected: str
) -> None:
    type_in(monkeypatch, text)
    ended = tickfold("data", "keys", "set", "alpaca", "--stdin")
    assert ended.status == ExitCode.WRONG_USE
    assert expected in ended.stderr
    assert "topsecret" not in ended.stderr
    assert "VersionIdsToStages" not in secrets.describe_secret(SecretId="keys")


def test_set_without_a_terminal_says_how(
    tickfold: Command, secrets: "SecretsManagerClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, json.dumps(ALPACA))
    ended = tickfold("data", "keys", "set", "alpaca")
    assert (ended.status, "add --stdin" in ended.stderr) == (ExitCode.WRONG_USE, True)


def test_set_on_a_terminal_asks_without_echo(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with SecretsServer(keys='{"alpha_vantage": {"key": "demo"}}') as server:
        for name, value in {
            "AWS_ENDPOINT_URL": server.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "TICKFOLD_REGION": "us-east-1",
            "TICKFOLD_KEYS_SECRET": "keys",
        }.items():
            monkeypatch.setenv(name, value)
        with terminal("data", "keys", "set", "alpaca") as screen:
            screen.read_until("alpaca key_id: ")
            screen.press(b"PKID\r")
            screen.read_until("alpaca secret_key: ")
            screen.press(b"topsecret\r")
            assert screen.end() == 0
        assert "stored the keys of alpaca" in screen.written
        assert "PKID" not in screen.written
        assert "topsecret" not in screen.written
        assert json.loads(server.values["keys"]) == {"alpaca": ALPACA, "alpha_vantage": {"key": "demo"}}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("yahoo", "yahoo has no keys; those that have are alpaca"),
        ("polygon", "'polygon' is not a provider; expected one"),
    ],
)
def test_provider_without_keys_is_refused(tickfold: Command, alone: Path, name: str, expected: str) -> None:
    ended = tickfold("data", "keys", "set", name)
    assert ended.status == ExitCode.WRONG_USE
    assert expected in " ".join(ended.stderr.replace("│", " ").split())


def test_list_shows_which_are_stored_and_no_value(tickfold: Command, secrets: "SecretsManagerClient") -> None:
    keys = {"alpaca": ALPACA, "schwab": {"app_key": "topsecret", "app_secret": ""}, "postgres": "topsecret"}
    secrets.put_secret_value(SecretId="keys", SecretString=json.dumps(keys))
    ended = tickfold("data", "keys", "list")
    assert ended.stdout.splitlines() == [
        "provider,fields,stored",
        'alpaca,"key_id, secret_key",yes',
        "alpha_vantage,key,no",
        'schwab,"app_key, app_secret",without app_secret',
        "postgres,connection_string,yes",
    ]
    assert "topsecret" not in ended.stdout + ended.stderr


def test_remove_removes_one_and_twice_is_no_error(tickfold: Command, secrets: "SecretsManagerClient") -> None:
    keys = {"alpaca": ALPACA, "alpha_vantage": {"key": "demo"}}
    secrets.put_secret_value(SecretId="keys", SecretString=json.dumps(keys))
    assert tickfold("data", "keys", "remove", "alpaca").stdout == "removed the keys of alpaca\n"
    again = tickfold("data", "keys", "remove", "alpaca")
    assert (again.status, again.stderr) == (0, "no keys of alpaca are stored\n")
    assert stored(secrets) == {"alpha_vantage": {"key": "demo"}}


def test_stack_without_the_secret_says_so(tickfold: Command, alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKFOLD_REGION", "us-east-1")
    ended = tickfold("data", "keys", "list")
    assert (ended.status, "keys_secret" in ended.stderr) == (ExitCode.UNREACHABLE, True)
