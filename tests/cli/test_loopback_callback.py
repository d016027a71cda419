"""The callback URL on this machine: what it accepts, over TLS or not, and what it says when it cannot listen."""

import ssl
import sys
from collections.abc import Callable
from socket import create_connection, socket
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tickfold.cli.exit_codes import UsageError
from tickfold.cli.loopback_callback import LoopbackCallback
from tickfold.errors import RunError


@pytest.fixture
def port() -> int:
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


def visit(url: str) -> str:
    """Open a page as a browser whose user goes on after the warning of the certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with urlopen(url, timeout=10, context=context) as page:  # noqa: S310 - loopback
        found: str = page.read().decode()
        return found


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("path", ["", "/", "/login/callback"])
def test_wait_returns_the_address_of_the_redirect(port: int, scheme: str, path: str) -> None:
    url = f"{scheme}://127.0.0.1:{port}{path}"
    with LoopbackCallback(url) as listening:
        assert "received the login" in visit(f"{url}?code=C0.1%40&state=s1")
        assert listening.wait(10) == f"{url}?code=C0.1%40&state=s1"


def test_requests_that_are_no_redirect_are_not_taken_for_one(port: int) -> None:
    with LoopbackCallback(f"https://127.0.0.1:{port}/callback") as listening:
        for path in ("/favicon.ico", "/callback", "/other?code=1"):
            with pytest.raises(HTTPError, match="404"):
                visit(f"https://127.0.0.1:{port}{path}")
        with pytest.raises(RunError, match="nobody has logged in"):
            listening.wait(0.01)


def test_connection_that_says_nothing_holds_up_no_other(port: int) -> None:
    with LoopbackCallback(f"https://127.0.0.1:{port}") as listening, create_connection(("127.0.0.1", port)):
        visit(f"https://127.0.0.1:{port}?code=1")
        assert listening.wait(10).endswith("?code=1")


def test_browser_that_refuses_the_certificate_can_come_again(port: int) -> None:
    with LoopbackCallback(f"https://127.0.0.1:{port}") as listening:
        with pytest.raises(OSError, match="certificate verify failed"):
            urlopen(f"https://127.0.0.1:{port}?code=1", timeout=10)
        visit(f"https://127.0.0.1:{port}?code=2")
        assert listening.wait(10).endswith("?code=2")


@pytest.mark.parametrize(
    "url", ["https://example.com:8182", "https://127.0.0.1", "127.0.0.1:8182", "https://::1:x", ""]
)
def test_url_of_another_machine_says_to_paste(url: str) -> None:
    with pytest.raises(UsageError, match="--paste"):
        LoopbackCallback(url)


def test_port_in_use_says_to_paste(port: int) -> None:
    with LoopbackCallback(f"http://127.0.0.1:{port}"), pytest.raises(RunError, match=f"port {port} .* --paste"):
        LoopbackCallback(f"http://127.0.0.1:{port}")


def test_missing_package_says_to_paste_and_frees_the_port(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "cryptography", None)
        without.delitem(sys.modules, "tickfold.identity.loopback_certificate", raising=False)
        with pytest.raises(RunError, match="needs the package cryptography"):
            LoopbackCallback(f"https://127.0.0.1:{port}")
    with LoopbackCallback(f"https://127.0.0.1:{port}"):
        pass


def test_port_is_free_afterwards_also_after_a_failure(port: int) -> None:
    url = f"https://127.0.0.1:{port}"

    def fail(act: Callable[[], object]) -> None:
        with LoopbackCallback(url):
            act()

    with pytest.raises(KeyboardInterrupt):
        fail(lambda: (_ for _ in ()).throw(KeyboardInterrupt))
    with LoopbackCallback(url):
        pass
