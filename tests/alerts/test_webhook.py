"""Webhooks: what is posted, how often it is tried, and where it is never posted to."""

import hashlib
import hmac
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tickfold.alerts.webhook import ATTEMPTS, SIGNATURE, WebhookRefusedError, Webhooks, signature


class Receiver:
    """A server on this machine that answers with `statuses`, the last of them again and again."""

    def __init__(self) -> None:
        self.statuses = [204]
        self.received: list[tuple[str, dict[str, str], str]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.received.append((self.path, dict(self.headers), body))
                status = receiver.statuses.pop(0) if len(receiver.statuses) > 1 else receiver.statuses[0]
                self.send_response(status)
                self.send_header("Location", "http://169.254.169.254/")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self.server.server_port}/hook?key=1"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    with receiver.server as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield receiver
        server.shutdown()


def post(url: str) -> None:
    Webhooks(to_loopback=True).post(url, "whsec_1", "a1", '{"title":"GOOG − IBM"}')


def test_post_is_signed_over_time_and_body(receiver: Receiver) -> None:
    post(receiver.url)
    ((path, headers, body),) = receiver.received
    assert (path, body) == ("/hook?key=1", '{"title":"GOOG − IBM"}')
    stamp, signed = (part.partition("=")[2] for part in headers[SIGNATURE].split(","))
    assert signed == hmac.new(b"whsec_1", f"{stamp}.{body}".encode(), hashlib.sha256).hexdigest()
    assert headers["Tickfold-Alert-Id"] == "a1"
    assert headers["Host"].startswith("localhost:")


def test_signature_is_that_of_stripes_scheme() -> None:
    # Computed with: printf '1492774577.{}' | openssl dgst -sha256 -hmac whsec_test
    assert signature("whsec_test", 1_492_774_577, "{}") == (
        "t=1492774577,v1=" + hmac.new(b"whsec_test", b"1492774577.{}", hashlib.sha256).hexdigest()
    )


def test_receiver_that_recovers_is_tried_again(receiver: Receiver) -> None:
    receiver.statuses = [503, 429, 200]
    post(receiver.url)
    assert len(receiver.received) == ATTEMPTS


@pytest.mark.parametrize(
    ("status", "posts", "reason"),
    [(500, ATTEMPTS, "HTTP 500, 3 times"), (404, 1, "HTTP 404"), (302, 1, "HTTP 302, and redirects are not followed")],
)
def test_receiver_that_refuses_is_given_up(receiver: Receiver, status: int, posts: int, reason: str) -> None:
    receiver.statuses = [status]
    with pytest.raises(WebhookRefusedError, match=f"^{reason}$"):
        post(receiver.url)
    assert len(receiver.received) == posts


def test_nobody_at_the_address_is_told_without_it() -> None:
    with pytest.raises(WebhookRefusedError, match=r"^no answer \(\w+\), 3 times$"):
        post("http://127.0.0.1:1/hook")


INNER = [
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"),  # noqa: S104
    *("[::1]", "[fd00::1]", "[fe80::1]", "[::ffff:10.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[2002:a00:1::]", "[::]"),
]


@pytest.mark.parametrize("host", [*INNER, "localhost"])
def test_inner_addresses_are_refused_when_a_rule_is_made(host: str) -> None:
    with pytest.raises(WebhookRefusedError, match=r"must be on the public internet$"):
        Webhooks().check(f"https://{host}/hook")


@pytest.mark.parametrize("host", INNER)
def test_inner_addresses_are_refused_when_a_name_leads_to_them(host: str) -> None:
    with pytest.raises(WebhookRefusedError):
        Webhooks()._address_of(host.strip("[]"), 443)


def test_a_public_address_needs_tls() -> None:
    Webhooks().check("https://example.com/hook")
    with pytest.raises(WebhookRefusedError, match=r"must begin with https://$"):
        Webhooks().check("http://example.com/hook")
    with pytest.raises(WebhookRefusedError, match=r"must begin with https://$"):
        Webhooks(to_loopback=True).check("http://example.com/hook")


@pytest.mark.parametrize("url", ["https://2130706433/", "https://0x7f.1/", "https://127.1/"])
def test_other_spellings_of_loopback_lead_nowhere(url: str) -> None:
    with pytest.raises(WebhookRefusedError):
        Webhooks().post(url, "s", "a", "{}")
