"""An HTTP server on a free loopback port, in a thread of its own, that can be down, slow or broken."""

import gzip
import json
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.market_data.providers.servers.fault import Fault, Kind

Json = Any


@dataclass(frozen=True)
class Received:
    """A request as the server got it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    """By names in lower case."""
    form: dict[str, str]
    port: int
    """The port that it came from: requests of one connection have one."""
    body: bytes = b""


@dataclass
class Reply:
    """A response: JSON, or a text as it is."""

    document: Json
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        text = self.document if isinstance(self.document, str) else json.dumps(self.document)
        return text.encode()


class HttpServer:
    """Serves `respond`, which each provider's server defines, unless a fault is switched on."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.fault: Fault | None = None
        self.served = 0
        self._released = threading.Event()
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._port = 0

    def respond(self, request: Received) -> Reply:
        """Return the response to a request that no fault befalls."""
        raise NotImplementedError

    def rate_text(self) -> Reply:
        """Return what the provider writes with status 200 when there are too many requests."""
        return Reply("Too Many Requests\r\n", headers={"Content-Type": "text/html"})

    def refusal(self) -> Reply:
        """Return what the provider writes about a key that is not valid."""
        return Reply({"message": "forbidden."}, 403)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; on the same port if it has been stopped."""
        self._released.clear()
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        """Refuse connections, end those that are open, and let whoever waits go. Idempotent."""
        self._released.set()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server.end_connections()
            self._server = None

    def next_fault(self) -> Fault | None:
        """Count a request; return the fault that befalls it."""
        with self._lock:
            fault = self.fault
            self.served += 1
            if fault is None or self.served <= fault.after:
                return None
            if fault.times is not None:
                fault.times -= 1
                if not fault.times:
                    self.fault = None
            return fault

    def switch(self, kind: Kind, **settings: Any) -> None:
        """Switch a fault on; it counts requests from now."""
        self.served = 0
        self.fault = Fault(kind, **settings)

    def wait_until_released(self) -> None:
        self._released.wait()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], owner: HttpServer) -> None:
        self.owner = owner
        self._open: list[socket.socket] = []
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.append(request)
        super().process_request(request, client_address)

    def end_connections(self) -> None:
        for connection in self._open:
            with suppress(OSError):  # it has ended already
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that have given up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # a body waits no 40 ms for the acknowledgement of its headers
    server: _Server

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        self._serve(self.rfile.read(length))

    def _serve(self, body: bytes) -> None:
        owner, parts = self.server.owner, urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        port = self.client_address[1]
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Received(self.command, parts.path, query, headers, dict(parse_qsl(body.decode())), port, body)
        owner.requests.append(request)
        fault = owner.next_fault()
        match fault.kind if fault else None:
            case Kind.SLOW:
                owner.wait_until_released()
                self.close_connection = True
            case Kind.STATUS:
                assert fault
                self._send(Reply({"message": "fault"}, fault.status, fault.headers))
            case Kind.NOT_JSON:
                self._send(Reply("<html><body>Service</body></html>", headers={"Content-Type": "text/html"}))
            case Kind.WRONG_SHAPE:
                self._send(Reply({"unexpected": [1]}))
            case Kind.RATE_TEXT:
                self._send(owner.rate_text())
            case Kind.REVOKED:
                self._send(owner.refusal())
            case Kind.TRUNCATED:
                self._send(owner.respond(request), sent=0.5)
            case Kind.HALF_A_PAGE:
                whole = owner.respond(request).body
                self._send(Reply(whole[: len(whole) // 2].decode(errors="ignore")))
            case None:
                self._send(owner.respond(request))

    def _send(self, reply: Reply, sent: float = 1.0) -> None:
        """Send the reply; only a part of its body under the length of all of it if `sent` is below 1."""
        body = reply.body
        packed = "gzip" in self.headers.get("Accept-Encoding", "") and len(body) > 256 and sent == 1.0
        body = gzip.compress(body) if packed else body
        self.send_response(reply.status)
        headers = {"Content-Type": "application/json"} | ({"Content-Encoding": "gzip"} if packed else {})
        for name, value in (headers | reply.headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: int(len(body) * sent)])
        self.close_connection = sent < 1.0

    def log_message(self, format: str, *arguments: Any) -> None:
        pass
