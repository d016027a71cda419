"""Schwab's OAuth endpoints as developer.schwab.com describes them. Whoever opens the authorize URL has logged in."""

import secrets
from base64 import b64encode
from datetime import datetime, timedelta
from urllib.parse import urlencode

from tests.market_data.providers.servers.http_server import HttpServer, Received, Reply

APP_KEY, APP_SECRET = "app-key-0123", "app-secret+/0123"
CALLBACK = "https://127.0.0.1:8182"
LOGIN_DAYS, ACCESS_SECONDS = 7, 1_800


class SchwabOAuthServer(HttpServer):
    """`now` is its time of day. With `rotates`, each refresh replaces the refresh token, too."""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime.fromisoformat("2024-11-04T14:00:00Z")
        self.callback = CALLBACK
        self.rotates = False
        self.codes = set[str]()
        self.logins: dict[str, datetime] = {}
        """When each valid refresh token expires."""
        self.access_tokens: list[str] = []

    def respond(self, request: Received) -> Reply:
        match request.method, request.path:
            case "GET", "/authorize":
                return self._authorize(request.query)
            case "POST", "/token":
                return self._token(request)
        return Reply({"error": "not_found"}, 404)

    def _authorize(self, query: dict[str, str]) -> Reply:
        if query["client_id"] != APP_KEY or query["redirect_uri"] != self.callback:
            return Reply({"error": "invalid_client"}, 401)
        code = f"C0.{secrets.token_hex(8)}@"
        self.codes.add(code)
        returned = {"code": code, "session": secrets.token_hex(4)} | {"state": query["state"]}
        return Reply("", 302, {"Location": f"{self.callback}?{urlencode(returned)}"})

    def _token(self, request: Received) -> Reply:
        basic = b64encode(f"{APP_KEY}:{APP_SECRET}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {basic}":
            return Reply({"error": "invalid_client", "error_description": "Unauthorized"}, 401)
        form = request.form
        match form.get("grant_type"):
            case "authorization_code":
                if form["code"] not in self.codes or form["redirect_uri"] != self.callback:
                    return Reply({"error": "invalid_request", "error_description": f"bad code {form['code']}"}, 400)
                self.codes.remove(form["code"])
                return self._issue(None)
            case "refresh_token":
                expires = self.logins.get(form["refresh_token"])
                return self._expired() if expires is None or expires <= self.now else self._issue(form["refresh_token"])
        return Reply({"error": "unsupported_grant_type"}, 400)

    def _issue(self, refresh_token: str | None) -> Reply:
        access = f"I0.{secrets.token_hex(8)}"
        self.access_tokens.append(access)
        refresh = refresh_token or f"R0.{secrets.token_hex(8)}"
        expires = self.logins.get(refresh, self.now + timedelta(days=LOGIN_DAYS))
        if refresh_token and self.rotates:
            del self.logins[refresh]
            refresh = f"R0.{secrets.token_hex(8)}"
        self.logins[refresh] = expires
        tokens = {"access_token": access, "refresh_token": refresh, "id_token": "x", "scope": "api"}
        return Reply(tokens | {"expires_in": ACCESS_SECONDS, "token_type": "Bearer"})

    def _expired(self) -> Reply:
        reason = (
            '400 Bad Request: "{"error_description":"Exception while authenticating refresh token [tokenDigest=***]",'
            '"error":"refresh_token_authentication_error"}"'
        )
        return Reply({"error": "unsupported_token_type", "error_description": reason}, 400)
