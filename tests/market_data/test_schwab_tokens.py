"""Schwab's tokens in Secrets Manager: refreshed in time, by one at a time, and never lost."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from tests.market_data.providers.servers.fault import Kind
from tests.market_data.providers.servers.schwab_oauth_server import APP_KEY, APP_SECRET, SchwabOAuthServer
from tests.market_data.test_schwab_oauth import log_in
from tickfold.market_data.providers.failures import KeyMissingError, UnavailableError
from tickfold.market_data.providers.http import Http
from tickfold.market_data.schwab_oauth import LoginExpiredError, SchwabApp, SchwabOAuth
from tickfold.market_data.schwab_tokens import LEASE_SECONDS, SchwabTokens, TokenStore
from tickfold.storage.lease import Lease

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_secretsmanager import SecretsManagerClient

KEY = {"series": "schwab", "entry": "lease"}


class Account:
    """An application's secret and table, and Schwab. Time passes only when a test or somebody's sleep says so."""

    def __init__(self, server: SchwabOAuthServer, secrets: "SecretsManagerClient", table: "Table") -> None:
        self.server = server
        self.secrets = secrets
        self.store = TokenStore(secrets, "tokens")
        self.lease = Lease(table, KEY, LEASE_SECONDS, self.seconds)
        self.naps = 0
        self.refreshes = 0
        self.done = threading.Event()
        self.time_passes = True
        self.on_nap: Callable[[], object] = lambda: None

    def function(self) -> SchwabTokens:
        """Return what one function has: a memory of its own, the same secret and lease."""
        http = Http(self.seconds, self.sleep)
        oauth = SchwabOAuth(SchwabApp(APP_KEY, APP_SECRET), http, lambda: self.server.now, self.server.url)
        return SchwabTokens(
            self.store, oauth, self.lease, lambda: self.server.now, sleep=self.sleep, refreshed=self.count
        )

    def seconds(self) -> float:
        return self.server.now.timestamp()

    def sleep(self, seconds: float) -> None:
        self.naps += 1
        if self.time_passes:
            self.server.now += timedelta(seconds=seconds)
        self.on_nap()

    def count(self) -> None:
        self.refreshes += 1
        self.done.set()


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An account of somebody who has just logged in."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws(), SchwabOAuthServer() as server:
        secrets = boto3.client("secretsmanager", region_name="us-east-1")
        secrets.create_secret(Name="tokens")
        table = boto3.resource("dynamodb", region_name="us-east-1").create_table(
            TableName="bars",
            KeySchema=[{"AttributeName": "series", "KeyType": "HASH"}, {"AttributeName": "entry", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "series", "AttributeType": "S"},
                {"AttributeName": "entry", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        carry_out_one_at_a_time(table)
        account = Account(server, secrets, table)
        account.store.write(log_in(server))
        yield account


def carry_out_one_at_a_time(table: "Table") -> None:
    """Make updates atomic, as they are in DynamoDB: moto checks a condition and writes in two steps."""
    lock, events = threading.Lock(), table.meta.client.meta.events

    def begin(**_: object) -> None:
        lock.acquire()

    def end(**_: object) -> None:
        lock.release()

    events.register("before-call.dynamodb.UpdateItem", begin)
    events.register("after-call.dynamodb.UpdateItem", end)


def test_token_is_that_of_the_login_while_it_lasts(account: Account) -> None:
    tokens = account.function()
    account.server.now += timedelta(minutes=27)
    assert tokens.access_token() == account.server.access_tokens[0]
    assert account.refreshes == 0


def test_token_is_refreshed_two_minutes_before_it_expires(account: Account) -> None:
    tokens = account.function()
    account.server.now += timedelta(minutes=28)
    assert tokens.access_token() == account.server.access_tokens[1]
    assert account.store.read().access_token == account.server.access_tokens[1]
    assert account.refreshes == 1


def test_token_that_another_has_refreshed_is_read(account: Account) -> None:
    one, other = account.function(), account.function()
    other.access_token()
    account.server.now += timedelta(minutes=29)
    assert one.access_token() == other.access_token() == account.server.access_tokens[1]
    assert account.refreshes == 1


def test_token_stays_in_memory_while_it_lasts(account: Account) -> None:
    tokens = account.function()
    tokens.access_token()
    account.secrets.put_secret_value(SecretId="tokens", SecretString="{}")
    assert tokens.access_token() == account.server.access_tokens[0]


@pytest.mark.parametrize("rotates", [False, True])
def test_week_of_refreshes_goes_on_until_the_login_expires(account: Account, rotates: bool) -> None:
    account.server.rotates = rotates
    tokens = account.function()
    expires = account.server.now + timedelta(days=7)
    while account.server.now + timedelta(minutes=25) < expires:
        account.server.now += timedelta(minutes=25)
        assert tokens.access_token() == account.server.access_tokens[-1]
    account.server.now = expires
    with pytest.raises(LoginExpiredError):
        tokens.access_token()


def test_functions_at_once_refresh_once(account: Account) -> None:
    """Schwab replaces the refresh token at each refresh: a second refresh by the old one would end the login."""
    account.server.rotates = True
    account.server.now += timedelta(minutes=29)
    account.time_passes = False  # those who wait would make a minute of no time
    account.on_nap = partial(account.done.wait, 30)  # until the one refresh is done
    found, failures, start = list[str](), list[BaseException](), threading.Barrier(6)

    def ask() -> None:
        tokens = account.function()
        start.wait()
        try:
            found.append(tokens.access_token())
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert set(found) == {account.server.access_tokens[1]}
    assert account.refreshes == 1


def test_function_waits_for_the_refresh_of_another(account: Account) -> None:
    account.server.now += timedelta(minutes=29)
    holder = account.lease.acquire()
    other = account.function()

    def finish() -> None:
        if account.naps == 3 and holder:
            account.lease.release(holder)
            other.access_token()

    account.on_nap = finish
    assert account.function().access_token() == account.server.access_tokens[1]
    assert (account.naps, account.refreshes) == (3, 1)


def test_lease_of_a_function_that_has_died_ends(account: Account) -> None:
    account.server.now += timedelta(minutes=29)
    assert account.lease.acquire()
    assert account.function().access_token() == account.server.access_tokens[1]
    assert account.naps == LEASE_SECONDS / 0.5


def test_refresh_that_fails_gives_the_lease_back(account: Account) -> None:
    account.server.now += timedelta(minutes=29)
    account.server.switch(Kind.STATUS, status=500, times=1)
    with pytest.raises(UnavailableError):
        account.function().access_token()
    assert account.function().access_token() == account.server.access_tokens[1]
    assert account.naps == 0


def test_login_that_has_expired_asks_schwab_nothing(account: Account) -> None:
    account.server.now += timedelta(days=7)
    asked = len(account.server.requests)
    with pytest.raises(LoginExpiredError, match="tickfold auth schwab"):
        account.function().access_token()
    assert len(account.server.requests) == asked


def test_login_that_was_revoked_says_to_log_in_again(account: Account) -> None:
    account.server.now += timedelta(minutes=29)
    account.server.logins.clear()
    with pytest.raises(LoginExpiredError):
        account.function().access_token()


def test_new_login_is_used_at_the_next_refresh(account: Account) -> None:
    tokens = account.function()
    account.server.now += timedelta(days=7)
    with pytest.raises(LoginExpiredError):
        tokens.access_token()
    account.store.write(log_in(account.server))
    assert tokens.access_token() == account.server.access_tokens[-1]


@pytest.mark.parametrize("secret", [None, "{}", "not JSON", "[]", '{"access_token": "x", "access_expires": "soon"}'])
def test_secret_without_tokens_says_to_log_in(account: Account, secret: str | None) -> None:
    if secret is None:
        account.store = TokenStore(account.secrets, "nowhere")
    else:
        account.secrets.put_secret_value(SecretId="tokens", SecretString=secret)
    with pytest.raises(KeyMissingError, match="tickfold auth schwab"):
        account.function().access_token()


@pytest.mark.parametrize(
    ("age", "soon"),
    [(timedelta(days=4, hours=23), False), (timedelta(days=5), True), (timedelta(days=8), True)],
)
def test_login_expires_soon_in_its_last_two_days(account: Account, age: timedelta, soon: bool) -> None:
    account.server.now += age
    assert account.function().expires_soon() is soon
