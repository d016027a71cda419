"""An OpenID Connect issuer on loopback with a test's keys; it records requests and can be down."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
Json = dict[str, Any]

RSA = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()


def jwk(key: PrivateKey, key_id: str, **members: str) -> Json:
    """Return the public part of `key` as a member of a JSON Web Key Set."""
    match key:
        case rsa.RSAPrivateKey():
            public = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        case ec.EllipticCurvePrivateKey():
            public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        case _:
            public = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return public | {"kid": key_id} | members


@dataclass
class Provider:
    """The issuer's responses: metadata and keys, or 503 if `down`."""

    url: str = ""
    keys: list[Json] = field(default_factory=lambda: [jwk(RSA, "rsa", use="sig", alg="RS256")])
    metadata: Json = field(default_factory=dict)
    down: bool = False
    requests: list[str] = field(default_factory=list)

    def answer(self, path: str) -> tuple[int, Any]:
        self.requests.append(path)
        if self.down:
            return 503, {}
        if path == "/.well-known/openid-configuration":
            return 200, {"issuer": self.url, "jwks_uri": f"{self.url.rstrip('/')}/keys"} | self.metadata
        return (200, {"keys": self.keys}) if path == "/keys" else (404, {})

    def claims(self, **changes: Any) -> Json:
        """Return valid claims with `changes`; None removes a claim."""
        now = int(time.time())
        good = {"iss": self.url, "aud": "tickfold", "sub": "auth0|ada", "iat": now, "exp": now + 600}
        return {name: value for name, value in (good | changes).items() if value is not None}

    def token(self, key: PrivateKey = RSA, algorithm: str = "RS256", key_id: str = "rsa", **changes: Any) -> str:
        """Return a valid token with `changes` to its claims."""
        return jwt.encode(self.claims(**changes), key, algorithm, headers={"kid": key_id})


@contextmanager
def provider(path: str = "") -> Iterator[Provider]:
    """Serve an issuer whose URL ends in `path`."""
    serving = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, document = serving.answer(self.path.removeprefix(path.rstrip("/")))
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", document)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    serving.url = f"http://127.0.0.1:{server.server_port}{path}"
    try:
        yield serving
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
