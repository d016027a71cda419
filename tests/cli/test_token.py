"""`tickfold token`, and where commands get the token from that lets them connect."""

from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.client.fake_stack import FakeStack
from tickfold.cli.target import TargetError, find_target

RUN = ["run", "--symbol", "GOOG", "--start", "2012-01-01", "--end", "2012-12-31"]


def test_token_without_embedded_stack_is_refused(alone: Path, tickfold: Command) -> None:
    ended = tickfold("token")
    assert (ended.status, ended.stdout) == (5, "")
    assert "start the embedded stack with `tickfold up`" in ended.stderr


def test_command_sends_token_of_environment(tickfold: Command, fake: FakeStack) -> None:
    assert tickfold(*RUN).status == 0
    assert fake.attempts == ["a.b.c"]


def test_command_without_token_says_how_to_get_one(
    alone: Path, tickfold: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKFOLD_WEBSOCKET_URL", "wss://environment/live")
    with pytest.raises(TargetError, match=r"requires a token: get one from its issuer, and set TICKFOLD_TOKEN to it"):
        find_target(None).token()
    ended = tickfold(*RUN)
    assert (ended.status, ended.stdout) == (5, "")
    assert "TICKFOLD_TOKEN" in ended.stderr
