"""A callback URL on this machine, to which a login in the browser leads, over TLS with a certificate of its own."""

import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from tickfold.cli.exit_codes import UsageError
from tickfold.errors import RunError
from tickfold.identity.loopback import is_loopback

_PAGE = b"Tickfold has received the login. You may close this page and go back to the terminal.\n"
_ADDRESS = "127.0.0.1"


class LoopbackCallback:
    """Listens at `url` from entering to leaving.

    Raises:
        UsageError: `url` is not of this machine, or names no port.
        RunError: its port is in use, or the package for its certificate is missing.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._found = Queue[str]()
        self._server = _listen(url, self._found)

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self, seconds: float) -> str:
        """Return the address of the first request to the callback URL.

        Raises:
            RunError: there was none within `seconds`.
        """
        try:
            return self._url + self._found.get(timeout=seconds)
        except Empty:
            raise RunError(
                f"nobody has logged in within {seconds:.0f} s; begin again, with --paste if the browser cannot reach "
                f"{self._url}"
            ) from None


class _Server(ThreadingHTTPServer):
    """Hands the query of each request to the callback's path to `found`."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, path: str, found: "Queue[str]") -> None:
        self.path = path
        self.found = found
        super().__init__((_ADDRESS, port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of browsers that break off, as they do at a certificate that they do not know."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        is_callback = bool(parts.query) and parts.path.strip("/") == self.server.path.strip("/")
        self.send_response(200 if is_callback else 404)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.end_headers()
        if is_callback:
            self.wfile.write(_PAGE)
            self.server.found.put(f"?{parts.query}")

    def log_message(self, format: str, *arguments: Any) -> None:
        """Log nothing: addresses hold the code of the login."""


def _listen(url: str, found: "Queue[str]") -> _Server:
    parts = urlsplit(url)
    host, port = parts.hostname or "", _port(url)
    if parts.scheme not in ("http", "https") or not is_loopback(host) or not port:
        raise UsageError(
            f"--callback {url} is not of this machine, such as https://127.0.0.1:8182; for any other, add --paste"
        )
    try:
        server = _Server(port, parts.path, found)
    except OSError as error:
        raise RunError(f"port {port} of {url} cannot be listened on ({error.strerror}); add --paste") from None
    if parts.scheme == "https":
        try:
            # The handshake is left to each connection's thread: browsers open connections that they do not use.
            server.socket = _tls().wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        except BaseException:
            server.server_close()
            raise
    return server


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        return None


def _tls() -> ssl.SSLContext:
    try:
        from tickfold.identity.loopback_certificate import server_context  # noqa: PLC0415 - not needed to paste
    except ImportError:
        raise RunError("to listen at an https URL needs the package cryptography; install it, or add --paste") from None
    return server_context()
