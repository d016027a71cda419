"""What is on this very machine, where no proxy leads and nobody listens in."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Tell whether the host of a URL is this machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
