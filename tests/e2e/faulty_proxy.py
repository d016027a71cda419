"""A proxy between the functions and the emulator that injects AWS errors."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from embedded.stack import EmbeddedStack
from tests.e2e.release import deployed

HOST = "127.0.0.1"
DYNAMODB = "AWS_ENDPOINT_URL_DYNAMODB"
CONNECTIONS = "TICKFOLD_CONNECTIONS_ENDPOINT"


@dataclass(frozen=True)
class Request:
    """A function's request: `operation` is DynamoDB's or the HTTP method, `number` counts requests of the operation."""

    operation: str
    path: str
    body: bytes
    number: int


@dataclass(frozen=True)
class Fault:
    """An AWS error to return instead."""

    status: int
    error: str
    more: dict[str, Any] | None = None


LOST = Fault(0, "the request is executed and its response lost")
Trouble = Callable[[Request], Fault | None]


@contextmanager
def faulty_proxy(target: str, trouble: Trouble) -> Iterator[tuple[str, Counter[str]]]:
    """Forward requests to `target` unless `trouble` returns a fault; yield the proxy's URL and the faults counted."""
    faults: Counter[str] = Counter()
    server = ThreadingHTTPServer((HOST, 0), _handler_of(target, trouble, faults))
    thread = threading.Thread(target=server.serve_forever, name="faulty proxy", daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}", faults
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def between(stack: EmbeddedStack, functions: Sequence[str], variable: str, trouble: Trouble) -> Iterator[Counter[str]]:
    """Put a proxy between `functions` and the endpoint in their environment `variable`."""
    path = urlsplit(stack.outputs["connections_endpoint"]).path if variable == CONNECTIONS else ""
    with faulty_proxy(stack.endpoint_url, trouble) as (url, faults), ExitStack() as releases:
        for function in functions:
            releases.enter_context(deployed(stack, function, environment={variable: url + path}))
        yield faults


def _handler_of(target: str, trouble: Trouble, faults: Counter[str]) -> type[BaseHTTPRequestHandler]:
    address, numbers, lock = urlsplit(target), Counter[str](), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            self._behind = HTTPConnection(address.hostname or HOST, address.port, timeout=60)

        def finish(self) -> None:
            self._behind.close()
            super().finish()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            operation = self.headers.get("X-Amz-Target", self.command).rpartition(".")[2]
            with lock:
                numbers[operation] += 1
                request = Request(operation, self.path, body, numbers[operation])
            fault = trouble(request)
            if fault is not None:
                with lock:
                    faults[fault.error] += 1
            if fault is None or fault is LOST:
                self._forward(body, answers=fault is None)
            else:
                self._refuse(fault)

        def do_DELETE(self) -> None:
            self.do_POST()

        def _forward(self, body: bytes, *, answers: bool) -> None:
            self._behind.request(self.command, self.path, body, dict(self.headers.items()))
            response = self._behind.getresponse()
            content = response.read()
            if answers:
                kept = {k: v for k, v in response.getheaders() if k.lower() in ("content-type", "x-amzn-errortype")}
                self._send(response.status, kept, content)
            else:
                self.close_connection = True

        def _refuse(self, fault: Fault) -> None:
            content = json.dumps({"__type": fault.error, "message": fault.error} | (fault.more or {})).encode()
            self._send(fault.status, {"Content-Type": "application/json", "x-amzn-ErrorType": fault.error}, content)

        def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            with suppress(ConnectionError):  # the client has disconnected
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *_arguments: Any) -> None:
            """Log nothing."""

    return Handler
