"""The keys of providers in Secrets Manager: changes of one provider's keys never lose another's."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from tickfold.errors import RunError
from tickfold.market_data.keys_secret import KeysChangedError, KeysSecret

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

ALPACA = {"key_id": "id", "secret_key": "secret"}
ALPHA_VANTAGE = {"key": "demo"}


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator["SecretsManagerClient"]:
    """A client of an account with the secret `keys`, which has no value."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("secretsmanager", region_name="us-east-1")
        client.create_secret(Name="keys")
        yield client


@pytest.fixture
def keys(secrets: "SecretsManagerClient") -> KeysSecret:
    return KeysSecret(secrets, "keys")


class Overtaken:
    """A client between whose reading and writing `meanwhile` happens, `times` times."""

    def __init__(self, secrets: "SecretsManagerClient", meanwhile: Any, times: int) -> None:
        self._secrets = secrets
        self._meanwhile = meanwhile
        self._times = times

    def get_secret_value(self, **asked: Any) -> Any:
        try:
            return self._secrets.get_secret_value(**asked)
        finally:
            if self._times:
                self._times -= 1
                self._meanwhile(self._times)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._secrets, name)


def test_secret_without_a_value_has_no_keys(keys: KeysSecret) -> None:
    assert keys.read() == {}
    assert keys.remove("alpaca") is False


def test_set_keeps_the_keys_of_others(keys: KeysSecret) -> None:
    keys.set("alpaca", ALPACA)
    keys.set("alpha_vantage", ALPHA_VANTAGE)
    keys.set("alpaca", ALPACA | {"secret_key": "new"})
    assert keys.read() == {"alpaca": {"key_id": "id", "secret_key": "new"}, "alpha_vantage": ALPHA_VANTAGE}


def test_text_of_another_service_is_kept_and_no_provider(secrets: "SecretsManagerClient", keys: KeysSecret) -> None:
    secrets.put_secret_value(SecretId="keys", SecretString='{"postgres": "postgresql://…"}')
    keys.set("alpaca", ALPACA)
    assert keys.read() == {"alpaca": ALPACA, "postgres": "postgresql://…"}
    assert keys.fields() == {"alpaca": ALPACA}


def test_set_of_the_same_keys_adds_no_version(secrets: "SecretsManagerClient", keys: KeysSecret) -> None:
    keys.set("alpaca", ALPACA)
    keys.set("alpaca", dict(ALPACA))
    assert len(secrets.list_secret_version_ids(SecretId="keys", IncludeDeprecated=True)["Versions"]) == 1


def test_remove_keeps_the_keys_of_others(keys: KeysSecret) -> None:
    keys.set("alpaca", ALPACA)
    keys.set("alpha_vantage", ALPHA_VANTAGE)
    assert keys.remove("alpaca") is True
    assert keys.read() == {"alpha_vantage": ALPHA_VANTAGE}


@pytest.mark.parametrize("first", [True, False], ids=["first version", "later version"])
def test_change_between_reading_and_writing_is_not_lost(
    secrets: "SecretsManagerClient", keys: KeysSecret, first: bool
) -> None:
    if not first:
        keys.set("schwab", {"app_key": "a", "app_secret": "b"})
    overtaken: Any = Overtaken(secrets, lambda _: keys.set("alpaca", ALPACA), times=1)
    KeysSecret(overtaken, "keys").set("alpha_vantage", ALPHA_VANTAGE)
    found = keys.read()
    assert (found["alpaca"], found["alpha_vantage"], "schwab" in found) == (ALPACA, ALPHA_VANTAGE, not first)


def test_changes_all_the_time_are_an_error_and_change_nothing(
    secrets: "SecretsManagerClient", keys: KeysSecret
) -> None:
    keys.set("alpaca", ALPACA)
    overtaken: Any = Overtaken(secrets, lambda left: keys.set("alpaca", {"key_id": str(left)}), times=100)
    with pytest.raises(KeysChangedError, match="do it again"):
        KeysSecret(overtaken, "keys").set("alpha_vantage", ALPHA_VANTAGE)
    assert set(keys.read()) == {"alpaca"}


def test_two_at_once_are_both_stored(keys: KeysSecret) -> None:
    start = threading.Barrier(2)

    def store(name: str) -> None:
        start.wait()
        keys.set(name, {"key": name})

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(store, ["one", "two"]))
    assert keys.read() == {"one": {"key": "one"}, "two": {"key": "two"}}


@pytest.mark.parametrize(
    "value", ["not JSON: topsecret", '["topsecret"]', '{"alpaca": ["topsecret"]}', '{"a": {"b": 1}}']
)
def test_secret_that_is_something_else_is_refused_without_its_value(
    secrets: "SecretsManagerClient", keys: KeysSecret, value: str
) -> None:
    secrets.put_secret_value(SecretId="keys", SecretString=value)
    with pytest.raises(RunError, match="not what Tickfold stores") as refused:
        keys.set("alpaca", ALPACA)
    assert "topsecret" not in str(refused.value)
    assert secrets.get_secret_value(SecretId="keys")["SecretString"] == value
