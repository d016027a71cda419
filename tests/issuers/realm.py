"""The realm `trading` of a running Keycloak: its tokens, and what an administrator changes there."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from tools.keycloak.server import ADMIN, Keycloak

FILE = Path(__file__).with_name("realm.json")
USER, PASSWORD = "ada", "secret-of-ada"
SECONDS = 30

Json = dict[str, Any]


@dataclass(frozen=True)
class Realm:
    """The realm of `realm.json`. Its clients differ in what their tokens have in them."""

    keycloak: Keycloak

    @property
    def issuer(self) -> str:
        return f"{self.keycloak.url}/realms/trading"

    def tokens(self, client: str, **more: str) -> Json:
        """Return the answer of the token endpoint to the user's login with `client`."""
        form = {"grant_type": "password", "client_id": client, "username": USER, "password": PASSWORD}
        return _post(f"{self.issuer}/protocol/openid-connect/token", form | {"scope": "openid"} | more)

    def access_token(self, client: str) -> str:
        """Return the user's access token."""
        return str(self.tokens(client)["access_token"])

    def token_of_service_account(self, client: str, secret: str) -> str:
        """Return the token that the program `client` gets for itself."""
        form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
        return str(_post(f"{self.issuer}/protocol/openid-connect/token", form)["access_token"])

    def sign_with_new_key(self, algorithm: str = "RS256") -> None:
        """Have tokens signed by a new key from now on; the older ones stay published."""
        self._administer(
            "POST",
            "components",
            {
                "name": f"key-{secrets.token_hex(4)}",
                "providerId": "rsa-generated",
                "providerType": "org.keycloak.keys.KeyProvider",
                "config": {"priority": ["200"], "algorithm": [algorithm], "keySize": ["2048"]},
            },
        )

    def notify_of_logouts(self, client: str, url: str) -> None:
        """Add a client to which Keycloak posts a token when a user is logged out."""
        self._administer(
            "POST",
            "clients",
            {
                "clientId": client,
                "publicClient": True,
                "directAccessGrantsEnabled": True,
                "attributes": {"backchannel.logout.url": url, "backchannel.logout.session.required": "true"},
            },
        )

    def log_out(self, client: str, refresh_token: str) -> None:
        """End the user's session."""
        _post(f"{self.issuer}/protocol/openid-connect/logout", {"client_id": client, "refresh_token": refresh_token})

    def _administer(self, method: str, path: str, document: Json) -> None:
        form = {"grant_type": "password", "client_id": "admin-cli", "username": ADMIN}
        master = f"{self.keycloak.url}/realms/master/protocol/openid-connect/token"
        token = _post(master, form | {"password": self.keycloak.admin_password})["access_token"]
        _send(
            Request(  # noqa: S310 - loopback
                f"{self.keycloak.url}/admin/realms/trading/{path}",
                json.dumps(document).encode(),
                {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
                method=method,
            )
        )


def _post(url: str, form: dict[str, str]) -> Json:
    return _send(Request(url, urlencode(form).encode()))  # noqa: S310 - loopback


def _send(request: Request) -> Json:
    with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - loopback
        content = answer.read()
    found: Json = json.loads(content) if content else {}
    return found
