"""HTTP to providers: retries, Retry-After, deadlines, broken responses, and secrets that stay secret."""

import logging
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.market_data.providers.clock import FakeClock
from tests.market_data.providers.servers.fault import Kind
from tests.market_data.providers.servers.http_server import HttpServer, Received, Reply
from tickfold.errors import RunError, is_retryable
from tickfold.market_data.providers.endpoint import Endpoint
from tickfold.market_data.providers.failures import (
    KeyRefusedError,
    ProviderError,
    RateLimitedError,
    UnavailableError,
)
from tickfold.market_data.providers.http import Http, Request, Response
from tickfold.market_data.providers.rate_limit import RateLimiter
from tickfold.market_data.providers.secret import redact

SECRET = "k3y/with+odd chars"  # noqa: S105
GOOD = {"bars": [1, 2, 3], "padding": "x" * 500}


class Server(HttpServer):
    def respond(self, _: Received) -> Reply:
        return Reply(GOOD)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def endpoint(server: HttpServer, clock: FakeClock, read_seconds: float = 5.0) -> Endpoint:
    http = Http(clock, clock.sleep, read_seconds=read_seconds)
    return Endpoint.create("acme", server.url, http, None, (SECRET,))


def fetch(at: Endpoint) -> object:
    return at.document(at.get("/data", {"apikey": SECRET}, {"X-Key": SECRET}))


def test_get_returns_the_document(server: Server, clock: FakeClock) -> None:
    assert fetch(endpoint(server, clock)) == GOOD
    assert clock.naps == []
    assert server.requests[0].query == {"apikey": SECRET}


def test_get_reuses_the_connection(server: Server, clock: FakeClock) -> None:
    at = endpoint(server, clock)
    fetch(at)
    fetch(at)
    assert len({request.port for request in server.requests}) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_get_repeats_after_server_errors(server: Server, clock: FakeClock, status: int) -> None:
    server.switch(Kind.STATUS, status=status, times=3)
    assert fetch(endpoint(server, clock)) == GOOD
    assert clock.naps == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("status", [501, 505, 302, 304])
def test_get_does_not_repeat_what_stays_as_it_is(server: Server, clock: FakeClock, status: int) -> None:
    server.switch(Kind.STATUS, status=status, headers={"Location": "http://127.0.0.1:1/elsewhere"})
    with pytest.raises(UnavailableError, match=str(status)):
        fetch(endpoint(server, clock))
    assert len(server.requests) == 1


def test_get_gives_up_at_the_deadline(server: Server, clock: FakeClock) -> None:
    server.switch(Kind.STATUS, status=503)
    with pytest.raises(UnavailableError, match=r"^acme: failed with status 503$"):
        fetch(endpoint(server, clock))
    assert clock.now < 25
    assert clock.naps == [0.5, 1.0, 2.0, 4.0, 8.0]


def test_get_waits_as_long_as_retry_after_says(server: Server, clock: FakeClock) -> None:
    server.switch(Kind.STATUS, status=429, headers={"Retry-After": "7"}, times=1)
    assert fetch(endpoint(server, clock)) == GOOD
    assert clock.naps == [7.0]


def test_get_never_waits_less_than_its_own_pause(server: Server, clock: FakeClock) -> None:
    server.switch(Kind.STATUS, status=429, headers={"Retry-After": "0"})
    with pytest.raises(RateLimitedError):
        fetch(endpoint(server, clock))
    assert len(server.requests) == 6


def test_get_gives_up_at_once_if_retry_after_is_beyond_the_deadline(server: Server, clock: FakeClock) -> None:
    server.switch(Kind.STATUS, status=429, headers={"Retry-After": "3600"})
    with pytest.raises(RateLimitedError, match="try again in 3600 s") as raised:
        fetch(endpoint(server, clock))
    assert raised.value.retry_after == 3600
    assert clock.naps == []


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120.0),
        (
            {"Date": "Fri, 31 Dec 1999 23:59:00 GMT", "Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"},
            59.0,
        ),
        ({"Date": "Fri, 31 Dec 1999 23:59:00 GMT", "Retry-After": "Fri, 31 Dec 1999 23:58:00 GMT"}, 0.0),
        ({"Date": "Fri, 31 Dec 1999 23:59:00 -0000", "Retry-After": "Fri, 31 Dec 1999 23:59:01 GMT"}, 1.0),
        ({"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "²"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_seconds_and_as_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert Response(429, headers, b"").retry_after == seconds


def test_get_from_a_server_that_is_down_says_so(server: Server, clock: FakeClock) -> None:
    at = endpoint(server, clock)
    server.stop()
    with pytest.raises(UnavailableError, match=r"^acme: cannot be connected to$"):
        fetch(at)
    assert len(clock.naps) == 5


def test_get_repeats_until_the_server_is_back(server: Server) -> None:
    clock = FakeClock()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        server.start()

    at = Endpoint.create("acme", server.url, Http(clock, sleep), None)
    server.stop()
    assert fetch(at) == GOOD


def test_get_from_a_slow_server_ends_after_the_read_timeout(server: Server, clock: FakeClock) -> None:
    server.switch(Kind.SLOW, times=1)
    assert fetch(endpoint(server, clock, read_seconds=0.05)) == GOOD
    server.switch(Kind.SLOW)
    with pytest.raises(UnavailableError, match="took too long"):
        fetch(endpoint(server, clock, read_seconds=0.05))


def test_get_of_a_body_that_comes_in_drops_ends_at_the_deadline(server: Server) -> None:
    times = iter(range(0, 10_000, 20))  # 20 s pass between any two looks at the clock
    http = Http(lambda: float(next(times)), lambda _: None)
    at = Endpoint("acme", server.url, http, RateLimiter(None))
    with pytest.raises(UnavailableError, match="took too long"):
        fetch(at)


def test_get_of_a_truncated_body_is_repeated_and_then_an_error(server: Server, clock: FakeClock) -> None:
    server.switch(Kind.TRUNCATED, times=1)
    assert fetch(endpoint(server, clock)) == GOOD
    server.switch(Kind.TRUNCATED)
    with pytest.raises(UnavailableError, match=r"^acme: broke off its response$"):
        fetch(endpoint(server, clock))


@pytest.mark.parametrize("kind", [Kind.NOT_JSON, Kind.HALF_A_PAGE])
def test_document_of_no_json_is_an_error(server: Server, clock: FakeClock, kind: Kind) -> None:
    server.switch(kind)
    with pytest.raises(UnavailableError, match=r"^acme: its response is not JSON \((text/html|application/json)\)$"):
        fetch(endpoint(server, clock))


@pytest.mark.parametrize("text", ["NaN", '{"c": Infinity}', "[" * 200_000, "\udcff", ""])
def test_document_refuses_what_only_looks_like_json(server: Server, clock: FakeClock, text: str) -> None:
    response = Response(200, {}, text.encode(errors="surrogateescape"))
    with pytest.raises(UnavailableError, match="not JSON"):
        endpoint(server, clock).document(response)


@pytest.mark.parametrize("document", [None, [], {}, {"bars": 3}, {"bars": [None]}, {"bars": ["x"]}])
def test_parse_of_another_shape_is_an_error(server: Server, clock: FakeClock, document: object) -> None:
    def read(document: dict[str, list[str]]) -> int:
        return int(document["bars"][0])

    with pytest.raises(UnavailableError, match="does not have the documented form"):
        endpoint(server, clock).parse(document, read)


def test_post_is_repeated_after_429_only(server: Server, clock: FakeClock) -> None:
    http = Http(clock, clock.sleep)
    request = Request("acme", "POST", f"{server.url}/token", {}, {"grant": "a b"})
    server.switch(Kind.STATUS, status=429, times=1)
    assert http.send(request, RateLimiter(None)).status == 200
    assert [received.form for received in server.requests] == [{"grant": "a b"}] * 2
    server.switch(Kind.STATUS, status=503, times=1)
    with pytest.raises(UnavailableError):
        http.send(request, RateLimiter(None))
    server.switch(Kind.TRUNCATED, times=1)
    with pytest.raises(UnavailableError):
        http.send(request, RateLimiter(None))


def test_post_takes_a_new_connection(server: Server, clock: FakeClock) -> None:
    at = endpoint(server, clock)
    fetch(at)
    for _ in range(3):
        at.post("/token", {"grant": "x"}, {})
    assert len({request.port for request in server.requests}) == 4


def test_repeats_keep_to_the_rate_limit(server: Server, clock: FakeClock) -> None:
    at = Endpoint.create("acme", server.url, Http(clock, clock.sleep), 6)
    server.switch(Kind.STATUS, status=503, times=1)
    fetch(at)
    assert clock.now == 10.0


@pytest.mark.parametrize(
    "url", ["", "data.example.com", "ftp://host", "https://", "https://host/?key=1", "file:///etc/passwd"]
)
def test_create_refuses_a_base_url_that_is_none(url: str) -> None:
    with pytest.raises(RunError, match="base URL"):
        Endpoint.create("acme", url, Http(), None)


# Proxies


def test_get_from_loopback_uses_no_proxy(server: Server, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert fetch(endpoint(server, clock)) == GOOD


def test_get_from_elsewhere_goes_through_the_proxy_of_the_environment(
    server: Server, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url.replace("//", "//ada:lovelace@"))
    monkeypatch.setenv("no_proxy", "")
    at = Endpoint.create("acme", "http://data.example.com", Http(clock, clock.sleep), None)
    assert fetch(at) == GOOD
    assert server.requests[0].headers["host"] == "data.example.com"
    assert server.requests[0].headers["proxy-authorization"].startswith("Basic ")


@pytest.mark.parametrize("proxy", ["localhost:3128", "http://127.0.0.1:1", "socks5://127.0.0.1:1"])
def test_proxy_that_cannot_be_used_is_named(clock: FakeClock, monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("no_proxy", "")
    at = Endpoint.create("acme", "http://data.example.com", Http(clock, clock.sleep), None)
    with pytest.raises(UnavailableError, match="proxy of the environment"):
        fetch(at)


# Secrets


@pytest.mark.parametrize("key", ["k3y\nX-Other: 1", "k3y\r", "k3y–dash", "k3y\0"])
def test_key_that_no_header_can_hold_is_refused_and_not_shown(
    server: Server, clock: FakeClock, caplog: pytest.LogCaptureFixture, key: str
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(KeyRefusedError, match="store it again") as raised:
        endpoint(server, clock).get("/data", {}, {"X-Key": key})
    assert "k3y" not in "".join(traceback.format_exception(raised.value)) + caplog.text
    assert server.requests == []


FAULTS: list[Callable[[Server], None]] = [
    lambda server: server.switch(Kind.STATUS, status=503),
    lambda server: server.switch(Kind.STATUS, status=501),
    lambda server: server.switch(Kind.STATUS, status=429, headers={"Retry-After": "99"}),
    lambda server: server.switch(Kind.STATUS, status=302, headers={"Location": "http://127.0.0.1:1/"}),
    lambda server: server.switch(Kind.TRUNCATED),
    lambda server: server.switch(Kind.SLOW),
    lambda server: server.switch(Kind.NOT_JSON),
    lambda server: server.stop(),
]


@pytest.mark.parametrize("fault", FAULTS)
def test_failure_shows_no_secret(
    server: Server, clock: FakeClock, caplog: pytest.LogCaptureFixture, fault: Callable[[Server], None]
) -> None:
    caplog.set_level(logging.DEBUG)
    at = endpoint(server, clock, read_seconds=0.05)
    fetch(at)
    fault(server)
    with pytest.raises(ProviderError) as raised:
        fetch(at)
    shown = "".join(traceback.format_exception(raised.value)) + caplog.text + repr(at) + repr(raised.value)
    assert "urllib3" in caplog.text
    for spelling in (SECRET, "k3y", "with+odd"):
        assert spelling not in shown


def test_redact_masks_each_spelling_and_keeps_one_short_line() -> None:
    text = f"your key {SECRET} or k3y/with%2Bodd%20chars or k3y%2Fwith%2Bodd+chars\n\x1b[31m" + "x" * 500
    shown = redact(text, [SECRET, ""])
    assert shown.startswith("your key *** or *** or *** [31mxxx")
    assert len(shown) == 300


def test_failure_to_reach_a_provider_is_worth_another_try(server: Server, clock: FakeClock) -> None:
    at = endpoint(server, clock)
    server.stop()
    with pytest.raises(ProviderError) as raised:
        fetch(at)
    assert is_retryable(raised.value)
    assert raised.value.provider_at_fault


def test_no_file_of_the_package_reads_the_clock() -> None:
    """Bars are fetched by the times of a request, never by the time of day."""
    package = Path(__file__).resolve().parents[3] / "tickfold" / "market_data" / "providers"
    for file in package.glob("*.py"):
        source = file.read_text()
        assert not any(call in source for call in (".now(", ".utcnow(", ".today(", "time.time(")), file
