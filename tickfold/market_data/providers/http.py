"""HTTP requests to providers: timeouts, a deadline, retries, Retry-After and proxies.

Neither errors nor logs hold a URL's query or a header: one provider takes its key in the query.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    SSLError,
    TimeoutError,
)

from tickfold.identity.loopback import is_loopback
from tickfold.market_data.providers.failures import KeyRefusedError, ProviderError, RateLimitedError, UnavailableError
from tickfold.market_data.providers.rate_limit import RateLimiter

CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 10.0
DEADLINE_SECONDS: Final = 25.0
"""For one call with its retries: less than the minute between two ticks of the feed."""
_FIRST_PAUSE_SECONDS = 0.5
_SHORTEST_TIMEOUT = 0.001
_MOST_BYTES = 64_000_000
_PIECE_BYTES = 1 << 16
_POOL_SIZE = 8
_TRANSIENT = frozenset({500, 502, 503, 504})
_TOO_MANY_REQUESTS = 429


@dataclass(frozen=True, repr=False)
class Request:
    """A request to `provider`; its URL and headers may hold a key."""

    provider: str
    method: Literal["GET", "POST"]
    url: str
    headers: Mapping[str, str]
    form: Mapping[str, str] | None = None

    @property
    def body(self) -> str | None:
        return None if self.form is None else urlencode(self.form)

    @property
    def all_headers(self) -> dict[str, str]:
        form = {"Content-Type": "application/x-www-form-urlencoded"} if self.form else {}
        return {"Accept": "application/json", "Accept-Encoding": "gzip", **form, **self.headers}


@dataclass(frozen=True)
class Response:
    """A provider's response: of any status, from `Http.send` of none that is 3xx, 429 or 5xx."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait, from Retry-After; a date counts from the response's own Date. None if it says neither."""
        value = self.headers.get("Retry-After", "").strip()
        if value.isascii() and value.isdigit():
            return float(value)
        until, now = _http_date(value), _http_date(self.headers.get("Date", ""))
        return max((until - now).total_seconds(), 0.0) if until and now else None


@dataclass(frozen=True)
class _Failed:
    """A try that failed, whether it may be repeated, and the seconds that the provider asks to wait before."""

    failure: ProviderError
    repeatable: bool
    wait: float = 0.0


class Http:
    """Sends requests through one pool of connections. `clock` and `sleep`, in seconds, serve all waiting.

    A request is repeated after a failure to connect and after 429. A GET is also repeated after 5xx and after a
    connection that broke or took too long; a POST is not, since it may have had its effect.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self.clock = clock
        self.sleep = sleep
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._deadline_seconds = deadline_seconds
        self._direct = urllib3.PoolManager(maxsize=_POOL_SIZE)
        self._by_proxy: dict[str, urllib3.PoolManager] = {}
        logging.getLogger("urllib3.connectionpool").addFilter(_drop_queries)

    def send(self, request: Request, limiter: RateLimiter) -> Response:
        """Return the response, of status 2xx or 4xx but 429. The deadline runs from the first request.

        Raises:
            UnavailableError: the provider cannot be reached, is too slow, breaks off, redirects, or answers 5xx.
            RateLimitedError: it answers 429 until the deadline, or asks for a longer wait than is left.
            KeyRefusedError: a header has characters that no header can hold.
        """
        if not all(value.isascii() and value.isprintable() for value in request.headers.values()):
            # The errors of http.client would show it.
            raise KeyRefusedError(request.provider, "its key has characters that no header can hold; store it again")
        limiter.wait()
        deadline = self.clock() + self._deadline_seconds
        pause = _FIRST_PAUSE_SECONDS
        while True:
            outcome = self._try(request, deadline)
            if isinstance(outcome, Response):
                return outcome
            wait = max(pause, outcome.wait)
            if not outcome.repeatable or self.clock() + wait >= deadline:
                raise outcome.failure
            self.sleep(wait)
            limiter.wait()
            pause *= 2

    def _try(self, request: Request, deadline: float) -> Response | _Failed:
        left = max(deadline - self.clock(), _SHORTEST_TIMEOUT)
        try:
            pool = self._pool(request.url)
            if request.method == "POST":
                pool.clear()  # what is not repeated needs a connection that the provider cannot have closed meanwhile
            raw = pool.request(
                request.method,
                request.url,
                body=request.body,
                headers=request.all_headers,
                timeout=urllib3.Timeout(connect=min(self._connect_seconds, left), read=min(self._read_seconds, left)),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            try:
                response = Response(raw.status, raw.headers, self._read(raw, deadline))
            finally:
                raw.close()  # a connection whose response was not read to its end cannot be used again
        except (HTTPError, OSError) as error:
            never_sent = isinstance(error, NewConnectionError | ConnectTimeoutError)
            failure = UnavailableError(request.provider, _reason(error))
            return _Failed(failure, never_sent or request.method == "GET")
        return _judge(request, response)

    def _read(self, raw: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
        """Return the body; a provider that sends a little now and then does not outlast the deadline."""
        pieces, size = [], 0
        for piece in raw.stream(_PIECE_BYTES):
            pieces.append(piece)
            size += len(piece)
            if size > _MOST_BYTES:
                raise HTTPError(f"more than {_MOST_BYTES:,} bytes")
            if self.clock() >= deadline:
                raise TimeoutError("the body took too long")
        return b"".join(pieces)

    def _pool(self, url: str) -> urllib3.PoolManager:
        """Return the pool of the proxy that the environment names for `url`; loopback is reached without one."""
        host = urlsplit(url).hostname or ""
        direct = is_loopback(host) or proxy_bypass(host)
        proxy = None if direct else getproxies().get(urlsplit(url).scheme)
        if proxy is None:
            return self._direct
        if proxy not in self._by_proxy:
            auth = urllib3.util.parse_url(proxy).auth
            headers = urllib3.make_headers(proxy_basic_auth=auth) if auth else None
            self._by_proxy[proxy] = urllib3.ProxyManager(proxy, proxy_headers=headers, maxsize=_POOL_SIZE)
        return self._by_proxy[proxy]


def _judge(request: Request, response: Response) -> Response | _Failed:
    """Return the response, or what is wrong with it by its status alone."""
    provider, status, wait = request.provider, response.status, response.retry_after
    if status == _TOO_MANY_REQUESTS:
        again = "" if wait is None else f"; try again in {wait:.0f} s"
        return _Failed(RateLimitedError(provider, f"too many requests (status 429){again}", wait), True, wait or 0.0)
    if status >= 500:
        down = UnavailableError(provider, f"failed with status {status}")
        return _Failed(down, request.method == "GET" and status in _TRANSIENT, wait or 0.0)
    if not 200 <= status < 300 and status < 400:
        return _Failed(UnavailableError(provider, f"redirects (status {status}); check its base URL"), False)
    return response


def _reason(error: Exception) -> str:
    """Return in words what happened to a connection. The error's own text can hold the URL."""
    match error:
        case NameResolutionError():
            return "its host name cannot be resolved"
        case ProxyError() | LocationValueError():
            return "the proxy of the environment cannot be used"
        case SSLError():
            return "the TLS connection failed; check the certificates of this machine"
        case NewConnectionError():
            return "cannot be connected to"
        case TimeoutError():
            return "took too long to respond"
        case _:
            return "broke off its response"


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _drop_queries(record: logging.LogRecord) -> bool:
    """Cut the query off each URL that urllib3 logs at level DEBUG."""
    if isinstance(record.args, tuple):
        record.args = tuple(each.partition("?")[0] if isinstance(each, str) else each for each in record.args)
    return True
