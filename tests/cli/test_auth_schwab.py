"""`tickfold auth schwab` from the page that it prints to the tokens in the secret, in a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from socket import socket

import pytest

from tests.cli.secrets_server import SecretsServer
from tests.cli.test_loopback_callback import visit
from tests.market_data.providers.servers.schwab_oauth_server import APP_KEY, APP_SECRET, SchwabOAuthServer
from tests.market_data.test_schwab_oauth import redirect_of

KEYS = {"schwab": {"app_key": APP_KEY, "app_secret": APP_SECRET}}
SECONDS = 60


class Login:
    """A command that logs in to the servers, and its environment."""

    def __init__(self, schwab: SchwabOAuthServer, secrets: SecretsServer, folder: Path) -> None:
        with socket() as free:
            free.bind(("127.0.0.1", 0))
            self.callback = f"https://127.0.0.1:{free.getsockname()[1]}"
        schwab.callback = self.callback
        self.schwab = schwab
        self.secrets = secrets
        self.outputs = folder / "outputs.json"
        self.outputs.write_text(
            json.dumps({"region": "us-east-1", "keys_secret": "keys", "schwab_tokens_secret": "tokens"})
        )
        self._environment = {
            "PATH": os.environ["PATH"],
            "TICKFOLD_CONFIG": "",
            "AWS_ENDPOINT_URL": secrets.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
        }

    @contextmanager
    def begun(self, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
        """Run the command; end it afterwards if it has not ended."""
        command = [sys.executable, "-m", "tickfold.cli", "auth", "schwab", "--stack-outputs", str(self.outputs)]
        command += ["--oauth-url", self.schwab.url, "--callback", self.callback, *arguments]
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, env=self._environment, text=True, stdin=pipe, stdout=pipe, stderr=pipe
        ) as process:
            try:
                yield process
            finally:
                process.kill()


@pytest.fixture
def login(tmp_path: Path) -> Iterator[Login]:
    with SchwabOAuthServer() as schwab, SecretsServer(keys=json.dumps(KEYS)) as secrets:
        yield Login(schwab, secrets, tmp_path)


def page_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_login_in_the_browser_stores_the_tokens(login: Login) -> None:
    with login.begun() as process:
        visit(redirect_of(page_of(process)))
        out, err = process.communicate(timeout=SECONDS)
    stored = json.loads(login.secrets.values["tokens"])
    expires = datetime.fromisoformat(stored["login_expires"])
    assert (process.returncode, out) == (0, f"logged in to Schwab until {expires:%Y-%m-%d %H:%M} UTC\n")
    assert stored["access_token"] == login.schwab.access_tokens[0]
    assert stored["refresh_token"] in login.schwab.logins
    for secret in (APP_SECRET, stored["access_token"], stored["refresh_token"]):
        assert secret not in out + err


def test_login_by_a_pasted_address_stores_the_tokens(login: Login) -> None:
    with login.begun("--paste") as process:
        redirected = redirect_of(page_of(process))
        out, _ = process.communicate(f"{redirected}\n", timeout=SECONDS)
    assert process.returncode == 0
    assert "logged in to Schwab until" in out
    assert json.loads(login.secrets.values["tokens"])["access_token"] == login.schwab.access_tokens[0]


def test_address_of_another_login_stores_nothing(login: Login) -> None:
    with login.begun("--paste") as process:
        page = page_of(process)
        other = redirect_of(page.rpartition("state=")[0] + "state=other")
        _, err = process.communicate(f"{other}\n", timeout=SECONDS)
    assert process.returncode == 3
    assert "of another login" in err
    assert "tokens" not in login.secrets.values


def test_application_that_schwab_refuses_says_to_store_it_again(login: Login) -> None:
    login.secrets.values["keys"] = json.dumps({"schwab": {"app_key": APP_KEY, "app_secret": "wrong"}})
    with login.begun("--paste") as process:
        redirected = redirect_of(page_of(process))
        _, err = process.communicate(f"{redirected}\n", timeout=SECONDS)
    assert process.returncode == 3
    assert "tickfold data keys set schwab" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("keys", [None, "{}", json.dumps({"schwab": {"app_key": "x"}})])
def test_application_that_is_not_stored_says_how_to_store_it(login: Login, keys: str | None) -> None:
    if keys is None:
        del login.secrets.values["keys"]
    else:
        login.secrets.values["keys"] = keys
    with login.begun() as process:
        out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out) == (3, "")
    assert "run `tickfold data keys set schwab`" in err


def test_interrupt_ends_without_a_trace(login: Login) -> None:
    with login.begun() as process:
        page_of(process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert "Traceback" not in out + err
    assert "tokens" not in login.secrets.values


def test_stack_without_the_secrets_says_what_is_missing(login: Login) -> None:
    login.outputs.write_text(json.dumps({"region": "us-east-1"}))
    with login.begun() as process:
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 5
    assert "schwab_tokens_secret" in err
