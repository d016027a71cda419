"""The embedded stack's OpenID Connect issuer: it issues tokens to clients that present the client secret.

It listens on loopback, in a thread of the stack's process, and keeps its keys in memory only.
"""

import json
import secrets
import threading
import time
from base64 import b64decode
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from embedded.emulator import HOST
from embedded.token_request import CLIENT_ID

AUDIENCE = "tickfold-embedded"
ALGORITHM = "RS256"
"""API Gateway's JWT authorizer takes RSA signatures only."""
LONGEST_SECONDS = 24 * 3_600

_JWKS = "/.well-known/jwks.json"
_DISCOVERY = "/.well-known/openid-configuration"
_TOKEN = "/token"  # noqa: S105 - a path


class Issuer:
    """Signing keys, and the HTTP server that publishes them and issues tokens between `start` and `stop`."""

    def __init__(self, preferred_port: int = 0) -> None:
        """Listen on the preferred port if that is free, else on any that is."""
        self.client_secret = secrets.token_urlsafe(32)
        self._server = _server(preferred_port, _handler_of(self))
        self._thread = threading.Thread(target=self._serve, name="issuer", daemon=True)
        self._keys: dict[str, rsa.RSAPrivateKey] = {}
        self.port = self._server.server_port
        self.url = f"http://{HOST}:{self.port}"
        self.token_endpoint = self.url + _TOKEN
        self.rotate()

    def start(self) -> None:
        """Start the server."""
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError, ValueError):  # it was closed before it began, by Ctrl-C
            self._server.serve_forever()

    def stop(self) -> None:
        """Stop the server. Idempotent."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def rotate(self) -> None:
        """Sign with a new key from now on. Older keys stay published, so their tokens stay valid."""
        key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        self._keys = {**self._keys, secrets.token_hex(8): key}

    def rotate_back(self) -> None:
        """Withdraw the newest key, and sign with the one before it again."""
        *kept, _newest = self._keys.items()
        self._keys = dict(kept)

    def token(self, user: str, portfolios: Sequence[str] = (), seconds: int = 3_600) -> str:
        """Return a token for `user` that expires in `seconds`; negative values give an expired token."""
        key_id, key = list(self._keys.items())[-1]
        now = int(time.time())
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": user, "iat": now, "exp": now + seconds}
        return jwt.encode(claims | {"portfolios": list(portfolios)}, key, ALGORITHM, headers={"kid": key_id})

    def metadata(self) -> dict[str, Any]:
        """Return the metadata of OpenID Connect Discovery."""
        return {
            "issuer": self.url,
            "jwks_uri": self.url + _JWKS,
            "token_endpoint": self.token_endpoint,
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
        }

    def jwks(self) -> dict[str, Any]:
        """Return the public keys as a JSON Web Key Set."""
        return {
            "keys": [
                RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": key_id, "use": "sig", "alg": ALGORITHM}
                for key_id, key in self._keys.items()
            ]
        }


def _server(preferred_port: int, handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    with suppress(OSError):
        return ThreadingHTTPServer((HOST, preferred_port), handler)
    return ThreadingHTTPServer((HOST, 0), handler)


def _handler_of(issuer: Issuer) -> type[BaseHTTPRequestHandler]:
    """Return the request handler class of `issuer`'s HTTP server."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            documents = {_DISCOVERY: issuer.metadata, _JWKS: issuer.jwks}
            if self.path in documents:
                self._reply(HTTPStatus.OK, documents[self.path]())
            else:
                self._reply(HTTPStatus.NOT_FOUND, {"error": "not_found"})

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
            if self.path != _TOKEN:
                self._reply(HTTPStatus.NOT_FOUND, {"error": "not_found"})
            elif not self._is_client():
                self._reply(HTTPStatus.UNAUTHORIZED, {"error": "invalid_client"})
            else:
                self._reply(*_issue(issuer, {name: values[-1] for name, values in form.items()}))

        def _is_client(self) -> bool:
            scheme, _, credentials = self.headers.get("Authorization", "").partition(" ")
            expected = f"{CLIENT_ID}:{issuer.client_secret}".encode()
            try:
                return scheme == "Basic" and secrets.compare_digest(b64decode(credentials), expected)
            except ValueError:
                return False

        def _reply(self, status: HTTPStatus, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Log nothing: the terminal shows the stack's own output."""

    return Handler


def _issue(issuer: Issuer, form: dict[str, str]) -> tuple[HTTPStatus, dict[str, Any]]:
    """Return the reply to an OAuth 2.0 client credentials request, whose `sub` names the user."""
    if form.get("grant_type") != "client_credentials":
        return HTTPStatus.BAD_REQUEST, {"error": "unsupported_grant_type"}
    seconds = form.get("expires_in", "3600")
    if not form.get("sub") or not seconds.isdecimal() or not 0 < int(seconds) <= LONGEST_SECONDS:
        expected = f"sub is required, and expires_in must be 1 to {LONGEST_SECONDS} seconds"
        return HTTPStatus.BAD_REQUEST, {"error": "invalid_request", "error_description": expected}
    token = issuer.token(form["sub"], form.get("portfolios", "").split(), int(seconds))
    return HTTPStatus.OK, {"access_token": token, "token_type": "Bearer", "expires_in": int(seconds)}
