"""Schwab's OAuth 2: the login of a person, and access tokens from the refresh token that it gives.

An access token lasts 30 minutes. A refresh token lasts 7 days from the login, however often it is used: a person has to
log in once a week.
"""

import secrets
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from tickfold.errors import RunError
from tickfold.market_data.providers.endpoint import Endpoint, Json
from tickfold.market_data.providers.failures import KeyRefusedError, UnavailableError
from tickfold.market_data.providers.http import Http, Response
from tickfold.market_data.providers.secret import redact

BASE_URL: Final = "https://api.schwabapi.com/v1/oauth"
LOGIN_LASTS: Final = timedelta(days=7)

_NAME = "schwab"
_EXPIRED = (b"unsupported_token_type", b"refresh_token_authentication_error", b"invalid_grant")
"""Schwab says the first of a refresh token that has expired, and the second within its description."""


class LoginError(RunError):
    """A person's login has failed; the message says how to begin again."""


class LoginExpiredError(KeyRefusedError):
    """The refresh token has expired, or was replaced by a later login."""

    def __init__(self) -> None:
        super().__init__(_NAME, "the login has expired, as it does after 7 days; log in again: `tickfold auth schwab`")


@dataclass(frozen=True)
class SchwabApp:
    """The application that is registered at developer.schwab.com."""

    app_key: str = field(repr=False)
    app_secret: str = field(repr=False)


@dataclass(frozen=True)
class Tokens:
    """An access token and the refresh token of its login, each with the time at which it expires, in UTC."""

    access_token: str = field(repr=False)
    access_expires: datetime
    refresh_token: str = field(repr=False)
    login_expires: datetime


class SchwabOAuth:
    """The two endpoints, authorize and token. `now` is the time of day, in UTC.

    Raises:
        RunError: `base_url` is none.
    """

    def __init__(self, app: SchwabApp, http: Http, now: Callable[[], datetime], base_url: str = BASE_URL) -> None:
        self._app = app
        self._now = now
        self._endpoint = Endpoint.create(_NAME, base_url, http, None, (app.app_key, app.app_secret))

    def authorize_url(self, callback_url: str, state: str) -> str:
        """Return the page on which a person logs in; it redirects to `callback_url` with a code and `state`."""
        query = {
            "response_type": "code",
            "client_id": self._app.app_key,
            "redirect_uri": callback_url,
            "state": state,
        }
        return f"{self._endpoint.base_url}/authorize?{urlencode(query)}"

    def exchange(self, code: str, callback_url: str) -> Tokens:
        """Return the tokens of a login, of which `code` is the proof: for half a minute, and once.

        Raises:
            LoginError: the code is refused.
            ProviderError: Schwab cannot be reached, or refuses the application's key or secret.
        """
        endpoint = self._masking(code)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": callback_url}
        response = endpoint.post("/token", form, self._basic)
        if response.status < 400:
            return self._tokens(endpoint, response, self._now() + LOGIN_LASTS)
        _check_app(response)
        said = endpoint.message(response, "error_description", "error")
        raise LoginError(
            f"Schwab refuses the login ({said}): a code is good once and for 30 seconds, and the callback URL must be "
            "that of the application, to the letter; begin again with `tickfold auth schwab`"
        )

    def refresh(self, tokens: Tokens) -> Tokens:
        """Return `tokens` with a new access token. The login expires when it would have.

        Raises:
            LoginExpiredError: the refresh token is refused.
            ProviderError: Schwab cannot be reached, or refuses the application's key or secret.
        """
        endpoint = self._masking(tokens.refresh_token)
        form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
        response = endpoint.post("/token", form, self._basic)
        if response.status < 400:
            return self._tokens(endpoint, response, tokens.login_expires)
        if any(word in response.body for word in _EXPIRED):
            raise LoginExpiredError
        _check_app(response)
        said = endpoint.message(response, "error_description", "error")
        raise UnavailableError(_NAME, f"does not renew the access token: {said}")

    @property
    def _basic(self) -> dict[str, str]:
        pair = f"{self._app.app_key}:{self._app.app_secret}".encode()
        return {"Authorization": f"Basic {b64encode(pair).decode()}"}

    def _masking(self, secret: str) -> Endpoint:
        """Return the endpoint that masks `secret`, too, in what Schwab says."""
        return replace(self._endpoint, secrets=(*self._endpoint.secrets, secret))

    def _tokens(self, endpoint: Endpoint, response: Response, login_expires: datetime) -> Tokens:
        def read(document: Json) -> Tokens:
            return Tokens(
                access_token=str(document["access_token"]),
                access_expires=now + timedelta(seconds=float(document["expires_in"])),
                refresh_token=str(document["refresh_token"]),
                login_expires=login_expires,
            )

        now = self._now()
        return endpoint.parse(endpoint.document(response), read)


def new_state() -> str:
    """Return a number that ties a redirect to the login that was begun here."""
    return secrets.token_urlsafe(16)


def code_of(redirected_url: str, state: str) -> str:
    """Return the code in the URL to which a login has redirected.

    Raises:
        LoginError: it has none, is of another login, or says that the login was refused.
    """
    query = parse_qs(urlsplit(redirected_url.strip()).query)
    again = "begin again with `tickfold auth schwab`"
    if refused := query.get("error"):
        raise LoginError(f"the login was refused ({redact(refused[0], [])}); {again}")
    if query.get("state") != [state]:
        raise LoginError(f"the redirect is of another login, or not whole: copy all of the address; {again}")
    if len(codes := query.get("code", [])) != 1:
        raise LoginError(f"the redirect has no code: copy all of the address; {again}")
    return codes[0]


def _check_app(response: Response) -> None:
    """Check that a refusal is not of the application.

    Raises:
        KeyRefusedError: it is.
    """
    if response.status == 401 or b"invalid_client" in response.body:
        reason = "the application's key or secret is refused; store them again: `tickfold data keys set schwab`"
        raise KeyRefusedError(_NAME, reason)
