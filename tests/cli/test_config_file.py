"""Defaults from `tickfold.toml`: where they are found, what comes before what, and what is said of a wrong one."""

import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.client.fake_stack import FakeStack
from tickfold.cli.target import find_target

RUN = ("run", "--start", "2004-08-19", "--end", "2013-03-01")


@pytest.fixture
def project(alone: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory below which commands run; the user's own file would be in `own/tickfold`."""
    monkeypatch.delenv("TICKFOLD_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(alone / "own"))
    monkeypatch.setattr("sys.platform", "linux")
    below = alone / "project" / "a" / "b"
    below.mkdir(parents=True)
    (alone / "own" / "tickfold").mkdir(parents=True)
    monkeypatch.chdir(below)
    return alone / "project"


def own_file(project: Path) -> Path:
    return project.parent / "own" / "tickfold" / "tickfold.toml"


def shown(tickfold: Command) -> dict[str, tuple[object, str]]:
    ended = tickfold("config", "show", "--json")
    assert ended.status == 0, ended.stderr
    return {row["key"]: (row["value"], row["origin"]) for row in json.loads(ended.stdout)}


def test_nearest_file_comes_before_the_users_own(tickfold: Command, project: Path) -> None:
    (project / "tickfold.toml").write_text('commission = "0.1%"\n[run]\ncapital = 7_000\n')
    own_file(project).write_text('commission = "0.2%"\nslippage = 0.001\n')
    found = shown(tickfold)
    assert found["commission"] == ("0.1%", f"{project / 'tickfold.toml'}:commission")
    assert found["slippage"] == (0.001, f"{own_file(project)}:slippage")
    assert found["run.capital"] == (7_000, f"{project / 'tickfold.toml'}:run.capital")
    assert found["capital"] == (10_000.0, "default")


def test_run_takes_defaults_and_the_command_line_comes_first(
    tickfold: Command, project: Path, fake: FakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TICKFOLD_CONFIG", raising=False)
    (project / "tickfold.toml").write_text(
        'symbol = "GOOG"\ndirection = "long"\ncapital = 500\n'
        'commission = "0.1%"\nclose_at_end = false\n[run]\ncapital = 7000\n'
    )
    assert tickfold(*RUN, "--commission", "0.3%", "--direction", "both").status == 0
    config = fake.received[0]["config"]
    assert (config["stock"], config["startCapital"], config["commission"]["relative"]) == ("GOOG", 7_000, 0.003)
    assert (config["closeAtEnd"], config["direction"]) == (
        False,
        "both",
    )  # written, though it is the option's own default


@pytest.mark.parametrize(
    ("text", "arguments", "reason"),
    [
        ("comission = 1", RUN, "unknown key comission (did you mean commission?); `tickfold config show` lists"),
        ("[run]\ncaptal = 1", RUN, "unknown key run.captal (did you mean run.capital?)"),
        ("[runn]\ncapital = 1", ("runs",), "unknown key runn.capital (did you mean run.capital?)"),
        ("[stack]\nregon = 'x'", ("runs",), "unknown key stack.regon (did you mean stack.region?)"),
        ("[stack]\nregion = 1", ("runs",), "stack.region is 1: expected text"),
        ("token = 'x'", RUN, "unknown key token; a file is no place for a secret: set TICKFOLD_TOKEN"),
        ("fill = 'opn'", (*RUN, "--symbol", "A"), "fill is 'opn': 'opn' is not one of 'open', 'close'"),
        ("[up]\nport = 99999", ("up",), "up.port is 99999: Input should be less than or equal to 65535"),
        ("close-at-end = 3", RUN, "close-at-end is 3: expected true or false"),
        ("capital = [1]", RUN, "capital is [1]: expected a number or text"),
        ("capital = ", RUN, " is not TOML: Invalid value (at "),
        ("[run]\njson = true", RUN, "unknown key run.json"),
        ("fill = 'opn'", ("config", "show"), "fill is 'opn'"),
        ("[runn]\ncapital = 1", ("config", "show"), "unknown key runn.capital"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_file_is_one_line_with_file_and_key(
    tickfold: Command, project: Path, text: str, arguments: tuple[str, ...], reason: str
) -> None:
    (project / "tickfold.toml").write_text(text)
    ended = tickfold(*arguments)
    assert (ended.status, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert ended.stderr.startswith(f"tickfold: {project / 'tickfold.toml'}")
    assert reason in ended.stderr


def test_wrong_file_leaves_help(tickfold: Command, project: Path) -> None:
    (project / "tickfold.toml").write_text("capital = ")
    assert tickfold("run", "--help").status == 0


def test_named_file_is_read_alone(tickfold: Command, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "tickfold.toml").write_text("capital = 1")
    (project / "other.toml").write_text("slippage = 0.5")
    monkeypatch.setenv("TICKFOLD_CONFIG", str(project / "other.toml"))
    found = shown(tickfold)
    assert (found["capital"], found["slippage"][0]) == ((10_000.0, "default"), 0.5)
    monkeypatch.setenv("TICKFOLD_CONFIG", str(project / "missing.toml"))
    assert f"{project / 'missing.toml'} cannot be read (No such file" in tickfold("config", "show").stderr


def test_stack_of_the_file_comes_after_the_environment(
    tickfold: Command, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "outputs.json").write_text('{"region": "eu-west-1", "bucket": "lake"}')
    (project / "tickfold.toml").write_text('[stack]\noutputs = "outputs.json"\n')
    assert find_target(None).output("bucket") == "lake"
    (project / "tickfold.toml").write_text('[stack]\nwebsocket_url = "wss://a"\nregion = "eu-west-2"\n')
    assert dict(find_target(None).outputs) == {"websocket_url": "wss://a", "region": "eu-west-2"}
    monkeypatch.setenv("TICKFOLD_REGION", "us-east-1")
    assert dict(find_target(None).outputs) == {"region": "us-east-1"}
    found = shown(tickfold)
    assert found["stack.region"] == ("us-east-1", "TICKFOLD_REGION")
    assert found["stack.websocket-url"] == ("wss://a", f"{project / 'tickfold.toml'}:stack.websocket-url")


def test_stack_is_of_one_file(project: Path) -> None:
    (project / "tickfold.toml").write_text('[stack]\nregion = "eu-west-2"\n')
    own_file(project).write_text('[stack]\nwebsocket_url = "wss://a"\n')
    assert dict(find_target(None).outputs) == {"region": "eu-west-2"}


def test_file_of_another_user_is_refused(tickfold: Command, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = project / "tickfold.toml"
    file.write_text("capital = 1")
    if os.geteuid() == 0:
        os.chown(file, 12_345, -1)
    else:
        monkeypatch.setattr("os.geteuid", lambda: 12_345)
    assert f"{file} belongs to another user" in tickfold("config", "show").stderr
