"""Webhooks: an alert is posted as JSON, signed in the manner of Stripe, to an address that is no inner one.

The host's addresses are looked up once, checked, and connected to as they are: a name that leads elsewhere at the
second look finds nobody. Redirects are not followed.
"""

import hashlib
import hmac
import socket
import time
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

import urllib3
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

SIGNATURE: Final = "Tickfold-Signature"
ATTEMPTS: Final = 3
_TIMEOUT = urllib3.Timeout(connect=3, read=3)
_MOST_READ = 1_000

Address = IPv4Address | IPv6Address


class WebhookRefusedError(Exception):
    """An alert cannot be posted: the message says why, for the owner of the rule."""


class _TryAgainError(Exception):
    """The receiver did not answer, or asked to be tried again."""


def signature(secret: str, timestamp: int, body: str) -> str:
    """Return the value of the header `Tickfold-Signature`: t=TIMESTAMP,v1=HMAC, which is HMAC-SHA256 by the rule's
    secret over TIMESTAMP, a dot and the body, in hexadecimal. TIMESTAMP is in seconds since 1970 UTC."""
    signed = hmac.new(secret.encode(), f"{timestamp}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={signed}"


@dataclass(frozen=True)
class Webhooks:
    """Posts to webhooks. `to_loopback` also allows this machine, without TLS: where the stack itself runs on it."""

    to_loopback: bool = False

    def check(self, url: str) -> None:
        """Check the URL of a new rule, as far as it can be without looking up its host.

        Raises:
            WebhookRefusedError: nothing would be posted there.
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        literal = _literal(host)
        is_loopback = host == "localhost" or (literal is not None and literal.is_loopback)
        if is_loopback and self.to_loopback:
            return
        if parts.scheme != "https":
            raise WebhookRefusedError(f"{url}: a webhook must begin with https://")
        if is_loopback or (literal is not None and not _is_public(literal)):
            raise WebhookRefusedError(f"{url}: a webhook must be on the public internet")

    def post(self, url: str, secret: str, alert_id: str, body: str) -> None:
        """Post an alert, up to three times.

        Raises:
            WebhookRefusedError: it was not taken.
        """
        attempts = Retrying(
            retry=retry_if_exception_type(_TryAgainError),
            wait=wait_random_exponential(multiplier=0.5, max=2),
            stop=stop_after_attempt(ATTEMPTS),
        )
        try:
            attempts(self._post, url, secret, alert_id, body)
        except RetryError as error:
            raise WebhookRefusedError(f"{error.last_attempt.exception()}, {ATTEMPTS} times") from None

    def _post(self, url: str, secret: str, alert_id: str, body: str) -> None:
        self.check(url)
        parts = urlsplit(url)
        host = parts.hostname or ""
        now = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Tickfold",
            "Host": parts.netloc,
            SIGNATURE: signature(secret, now, body),
            "Tickfold-Alert-Id": alert_id,
        }
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            with self._pool(parts.scheme, host, parts.port) as pool:
                answer = pool.request(
                    "POST",
                    target,
                    body=body.encode(),
                    headers=headers,
                    redirect=False,
                    retries=False,
                    preload_content=False,
                )
                answer.read(_MOST_READ)
                answer.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _TryAgainError(f"no answer ({type(error).__name__})") from None
        _check_status(answer.status)

    def _pool(self, scheme: str, host: str, port: int | None) -> urllib3.HTTPConnectionPool:
        address = str(self._address_of(host, port or (443 if scheme == "https" else 80)))
        if scheme == "http":
            return urllib3.HTTPConnectionPool(address, port, timeout=_TIMEOUT)
        # The certificate is the name's, whichever of its addresses answers.
        return urllib3.HTTPSConnectionPool(
            address, port, timeout=_TIMEOUT, server_hostname=host, assert_hostname=host, cert_reqs="CERT_REQUIRED"
        )

    def _address_of(self, host: str, port: int) -> Address:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError:
            raise _TryAgainError("its host is not known") from None
        addresses = [ip_address(str(each[4][0])) for each in found]
        inner = [each for each in addresses if not (_is_public(each) or (self.to_loopback and each.is_loopback))]
        if inner:
            raise WebhookRefusedError(f"{host} is not on the public internet")
        return addresses[0]


def _check_status(status: int) -> None:
    if 200 <= status < 300:
        return
    if status == 429 or status >= 500:
        raise _TryAgainError(f"HTTP {status}")
    raise WebhookRefusedError(f"HTTP {status}{', and redirects are not followed' if 300 <= status < 400 else ''}")


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_public(address: Address) -> bool:
    """Return whether an address is a global one, also of those that carry an IPv4 address inside."""
    if isinstance(address, IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour
        if inside is not None:
            return inside.is_global
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF).is_global
    return address.is_global and not address.is_multicast


_NAT64: Final = IPv6Network("64:ff9b::/96")
