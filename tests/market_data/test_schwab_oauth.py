"""Schwab's OAuth: the login of a person, refreshes, and what is said when either is refused."""

import logging
import traceback
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

import pytest

from tests.market_data.providers.clock import FakeClock
from tests.market_data.providers.servers.fault import Kind
from tests.market_data.providers.servers.schwab_oauth_server import APP_KEY, APP_SECRET, CALLBACK, SchwabOAuthServer
from tickfold.market_data.providers.failures import KeyRefusedError, RateLimitedError, UnavailableError
from tickfold.market_data.providers.http import Http
from tickfold.market_data.schwab_oauth import (
    LoginError,
    LoginExpiredError,
    SchwabApp,
    SchwabOAuth,
    Tokens,
    code_of,
    new_state,
)


@pytest.fixture
def server() -> Iterator[SchwabOAuthServer]:
    with SchwabOAuthServer() as running:
        yield running


def oauth(server: SchwabOAuthServer, app: SchwabApp | None = None) -> SchwabOAuth:
    clock = FakeClock()
    http = Http(clock, clock.sleep, read_seconds=1.0)
    return SchwabOAuth(app or SchwabApp(APP_KEY, APP_SECRET), http, lambda: server.now, server.url)


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def redirect_of(url: str) -> str:
    """Open the login's page as a browser does; return the address that it leads to."""
    opener = build_opener(_NoRedirect)
    opener.addheaders = []
    try:
        opener.open(url)
    except OSError as redirected:
        return str(redirected.headers["Location"])  # type: ignore[attr-defined]
    raise AssertionError("no redirect")


def log_in(server: SchwabOAuthServer) -> Tokens:
    state = new_state()
    redirected = redirect_of(oauth(server).authorize_url(CALLBACK, state))
    return oauth(server).exchange(code_of(redirected, state), CALLBACK)


def test_login_gives_tokens_with_their_ends(server: SchwabOAuthServer) -> None:
    tokens = log_in(server)
    assert tokens.access_token == server.access_tokens[0]
    assert tokens.refresh_token in server.logins
    assert tokens.access_expires == server.now + timedelta(minutes=30)
    assert tokens.login_expires == server.now + timedelta(days=7)


def test_authorize_url_names_the_application_and_the_callback(server: SchwabOAuthServer) -> None:
    query = parse_qs(urlsplit(oauth(server).authorize_url(CALLBACK, "s1")).query)
    assert query == {"response_type": ["code"], "client_id": [APP_KEY], "redirect_uri": [CALLBACK], "state": ["s1"]}


@pytest.mark.parametrize("rotates", [False, True])
def test_refresh_gives_a_new_access_token_and_no_longer_login(server: SchwabOAuthServer, rotates: bool) -> None:
    server.rotates = rotates
    first = log_in(server)
    server.now += timedelta(days=3)
    second = oauth(server).refresh(first)
    assert second.access_token == server.access_tokens[1]
    assert second.access_expires == server.now + timedelta(minutes=30)
    assert second.login_expires == first.login_expires
    assert (second.refresh_token == first.refresh_token) is not rotates
    assert second.refresh_token in server.logins


def test_refresh_after_seven_days_says_to_log_in_again(server: SchwabOAuthServer) -> None:
    tokens = log_in(server)
    server.now += timedelta(days=7)
    with pytest.raises(LoginExpiredError, match="tickfold auth schwab") as raised:
        oauth(server).refresh(tokens)
    assert not raised.value.retryable
    assert raised.value.provider_at_fault


@pytest.mark.parametrize("app", [SchwabApp("wrong", APP_SECRET), SchwabApp(APP_KEY, "wrong")])
def test_application_that_is_refused_says_to_store_it_again(server: SchwabOAuthServer, app: SchwabApp) -> None:
    tokens = log_in(server)
    with pytest.raises(KeyRefusedError, match="tickfold data keys set schwab") as raised:
        oauth(server, app).refresh(tokens)
    assert not isinstance(raised.value, LoginExpiredError)
    with pytest.raises(KeyRefusedError, match="tickfold data keys set schwab"):
        oauth(server, app).exchange("C0.1", CALLBACK)


def test_code_is_good_once(server: SchwabOAuthServer) -> None:
    state = new_state()
    code = code_of(redirect_of(oauth(server).authorize_url(CALLBACK, state)), state)
    oauth(server).exchange(code, CALLBACK)
    with pytest.raises(LoginError, match="good once and for 30 seconds") as raised:
        oauth(server).exchange(code, CALLBACK)
    assert code not in str(raised.value)


def test_code_for_another_callback_is_refused(server: SchwabOAuthServer) -> None:
    state = new_state()
    code = code_of(redirect_of(oauth(server).authorize_url(CALLBACK, state)), state)
    with pytest.raises(LoginError, match="to the letter"):
        oauth(server).exchange(code, "https://127.0.0.1:8183")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("code=C0.1%40&session=x&state=other", "of another login"),
        ("code=C0.1%40", "of another login"),
        ("state=s1&session=x", "has no code"),
        ("error=access_denied&state=s1", r"refused \(access_denied\)"),
        ("code=1&code=2&state=s1", "has no code"),
        ("", "of another login"),
    ],
)
def test_redirect_without_a_code_of_this_login_says_what_to_do(query: str, message: str) -> None:
    with pytest.raises(LoginError, match=message):
        code_of(f"{CALLBACK}/?{query}", "s1")


def test_code_of_a_redirect_is_decoded() -> None:
    assert code_of(f"  {CALLBACK}/?code=C0.b2F1%40&session=x&state=s1\n", "s1") == "C0.b2F1@"


@pytest.mark.parametrize(
    ("kind", "settings", "error"),
    [
        (Kind.STATUS, {"status": 500}, UnavailableError),
        (Kind.STATUS, {"status": 400}, UnavailableError),
        (Kind.STATUS, {"status": 429, "headers": {"Retry-After": "900"}}, RateLimitedError),
        (Kind.NOT_JSON, {}, UnavailableError),
        (Kind.WRONG_SHAPE, {}, UnavailableError),
        (Kind.TRUNCATED, {}, UnavailableError),
        (Kind.SLOW, {}, UnavailableError),
    ],
)
def test_refresh_under_a_fault_may_be_tried_again_and_shows_no_secret(
    server: SchwabOAuthServer,
    caplog: pytest.LogCaptureFixture,
    kind: Kind,
    settings: dict[str, object],
    error: type[Exception],
) -> None:
    caplog.set_level(logging.DEBUG)
    tokens = log_in(server)
    server.switch(kind, **settings)
    with pytest.raises(error) as raised:
        oauth(server).refresh(tokens)
    assert raised.value.retryable  # type: ignore[attr-defined]
    shown = "".join(traceback.format_exception(raised.value)) + caplog.text + repr(tokens) + repr(raised.value)
    for secret in (APP_KEY, APP_SECRET, tokens.refresh_token, tokens.access_token):
        assert secret not in shown
    assert repr(SchwabApp(APP_KEY, APP_SECRET)) == "SchwabApp()"
