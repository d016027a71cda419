"""`tickfold token` against the embedded stack, and runs under the token that it gives."""

import getpass
import json
import time

import jwt
import pytest

from embedded.issuer import AUDIENCE
from embedded.stack import EmbeddedStack
from tests.cli.conftest import Command
from tickfold.cli.target import find_target

RUN = ["run", "--symbol", "GOOG", "--start", "2012-01-01", "--end", "2012-12-31"]


def claims(token: str) -> dict[str, object]:
    found: dict[str, object] = jwt.decode(token, options={"verify_signature": False})
    return found


def test_a_token_is_all_that_is_printed(stack: EmbeddedStack, tickfold: Command) -> None:
    ended = tickfold("token", "--user", "ada", "--portfolio", "growth", "--portfolio", "income", "--lifetime", "60")
    assert (ended.status, ended.stderr) == (0, "")
    assert ended.stdout.count("\n") == 1
    found = claims(ended.stdout.strip())
    assert (found["iss"], found["aud"]) == (stack.issuer.url, AUDIENCE)
    assert (found["sub"], found["portfolios"]) == ("ada", ["growth", "income"])
    assert abs(int(str(found["exp"])) - time.time() - 60) < 30


def test_the_user_is_whoever_is_logged_in(
    stack: EmbeddedStack, tickfold: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "grace")
    assert claims(tickfold("token").stdout.strip())["sub"] == "grace"

    def nameless() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert claims(tickfold("token").stdout.strip())["sub"] == "developer"


def test_the_token_in_the_environment_comes_before_the_embedded_stacks(
    stack: EmbeddedStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert claims(find_target(None).token())["iss"] == stack.issuer.url
    monkeypatch.setenv("TICKFOLD_TOKEN", "a.b.c")
    assert find_target(None).token() == "a.b.c"


def test_a_refused_token_is_one_clear_line_without_it(
    stack: EmbeddedStack, tickfold: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = stack.token("ada", seconds=-60)
    monkeypatch.setenv("TICKFOLD_TOKEN", given)
    ended = tickfold(*RUN)
    assert (ended.status, ended.stdout) == (3, "")
    assert ended.stderr.endswith("did not accept the token (HTTP status 403): get one with `tickfold token`\n")
    assert given not in ended.stderr


def test_a_run_in_the_embedded_stack_belongs_to_whoever_is_logged_in(
    stack: EmbeddedStack, tickfold: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "grace")
    run_id = json.loads(tickfold(*RUN, "--json").stdout)["run_id"]
    key = {"run_id": {"S": run_id}, "entry": {"S": "run"}}
    row = stack.client("dynamodb").get_item(TableName=stack.outputs["runs_table"], Key=key)["Item"]
    assert row["user_id"]["S"] == "grace"
