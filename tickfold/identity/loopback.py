"""Loopback detection: requests to this machine need no TLS and must bypass proxies."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Return whether the host of a URL is `localhost` or a loopback address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
