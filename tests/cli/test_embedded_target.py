"""The embedded stack as a target: found by its record, with its credentials and its tokens."""

import getpass
import json
from pathlib import Path

import pytest

from embedded import record, token_request
from embedded import up as embedded_up
from embedded.account import Credentials
from embedded.emulator import EmulatorError
from embedded.record import Record
from tests.cli.conftest import Command
from tickfold.cli.target import TargetError, find_target
from tickfold.state_directory import state_directory

RUNNING = Record(
    pid=1,
    endpoint_url="http://127.0.0.1:4566",
    region="eu-central-1",
    credentials=Credentials("key", "secret", "session"),
    outputs={"bucket": "lake", "runs_table": "runs", "websocket_url": "ws://127.0.0.1:4566/live"},
    token_endpoint="http://127.0.0.1:1/token",  # noqa: S106 - an address
    client_secret="s",  # noqa: S106
)


@pytest.fixture
def running(alone: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    monkeypatch.setattr(record, "read", lambda: RUNNING)
    return RUNNING


def test_running_stack_is_the_target_where_none_is_named(running: Record) -> None:
    target = find_target(None)
    assert (target.output("bucket"), target.output("region")) == ("lake", "eu-central-1")
    assert (target.origin, target.endpoint_url) == ("the embedded stack", running.endpoint_url)


@pytest.mark.parametrize("how", [(), ("--detach",)])
def test_second_up_leaves_the_output_of_the_first_alone(
    tickfold: Command, running: Record, how: tuple[str, ...]
) -> None:
    output = state_directory() / "up.log"
    output.parent.mkdir()
    output.write_text("of the first\n")
    ended = tickfold("up", *how)
    assert (ended.status, ended.stdout) == (1, "")
    assert ended.stderr.startswith("tickfold: an embedded stack is already running (process 1): ws://127.0.0.1:4566/")
    assert output.read_text() == "of the first\n"


def test_clients_use_the_emulators_endpoint_and_key_and_no_proxy(
    running: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:1")
    client = find_target(None).s3()
    assert (client.meta.endpoint_url, client.meta.region_name) == (running.endpoint_url, "eu-central-1")
    config = vars(client.meta.config)["_user_provided_options"]
    assert (config["proxies"], config["retries"]) == ({}, {"mode": "standard"})
    frozen = client._request_signer._credentials.get_frozen_credentials()  # type: ignore[attr-defined]
    assert (frozen.access_key, frozen.secret_key) == ("key", "secret")
    assert find_target(None).athena().meta.service_model.service_name == "athena"


def test_runs_are_in_the_table_of_the_outputs(running: Record) -> None:
    assert find_target(None).runs() is not None


def test_named_stack_has_no_endpoint_of_its_own(alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "outputs.json").write_text(json.dumps({"region": "us-east-1"}))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    client = find_target(tmp_path / "outputs.json").s3()
    assert client.meta.endpoint_url.endswith("amazonaws.com")
    assert vars(client.meta.config)["_user_provided_options"]["proxies"] is None


@pytest.fixture
def requests(running: Record, monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """The token requests that were made."""
    made: list[tuple[object, ...]] = []

    def request_token(*arguments: object) -> str:
        made.append(arguments)
        return "t.o.k"

    monkeypatch.setattr(token_request, "request_token", request_token)
    return made


def test_token_command_prints_a_token_for_the_user(tickfold: Command, requests: list[tuple[object, ...]]) -> None:
    ended = tickfold("token", "--user", "ada", "--portfolio", "growth", "--portfolio", "income", "--lifetime", "60")
    assert (ended.status, ended.stdout, ended.stderr) == (0, "t.o.k\n", "")
    user, portfolios = requests[0][1:3]
    assert (requests[0][0], user, list(portfolios), requests[0][3]) == (  # type: ignore[call-overload]
        RUNNING,
        "ada",
        ["growth", "income"],
        60,
    )


def test_token_is_for_the_login_name_and_an_hour(
    tickfold: Command, requests: list[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "grace")
    assert tickfold("token").status == 0
    assert find_target(None).token() == "t.o.k"
    assert [made[1:] for made in requests] == [("grace", (), 3_600), ("grace", (), 3_600)]

    def nameless() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert find_target(None).token() == "t.o.k"
    assert requests[-1][1] == "developer"


def test_token_of_the_environment_comes_first(
    requests: list[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKFOLD_TOKEN", "a.b.c")
    assert find_target(None).token() == "a.b.c"
    assert requests == []


def test_refused_token_request_is_a_clear_message(running: Record) -> None:
    with pytest.raises(TargetError, match=r"http://127\.0\.0\.1:1/token gave no token: "):
        find_target(None).request_token("ada")


@pytest.mark.parametrize("seconds", ["0", "86401"])
def test_lifetime_is_a_second_to_a_day(tickfold: Command, seconds: str) -> None:
    ended = tickfold("token", "--lifetime", seconds)
    assert ended.status == 2
    assert "'--lifetime'" in ended.stderr


def test_up_starts_the_stack_on_the_port(tickfold: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    ports: list[int] = []

    def up(port: int, log: object, *, fresh: bool, replays: bool, replayed: Path | None, speed: float) -> None:
        assert not fresh
        assert not replays
        assert replayed is None
        ports.append(port)

    monkeypatch.setattr(embedded_up, "up", up)
    assert tickfold("up").status == tickfold("up", "--port", "0").status == 0
    assert ports == [4566, 0]


def test_up_that_fails_says_why(tickfold: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def up(port: int, log: object, **_options: object) -> None:
        raise EmulatorError("port 4566 is taken")

    monkeypatch.setattr(embedded_up, "up", up)
    ended = tickfold("up")
    assert (ended.status, ended.stdout, ended.stderr) == (1, "", "tickfold: port 4566 is taken\n")
