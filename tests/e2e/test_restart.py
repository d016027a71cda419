"""A stack that takes up the last deployment is the stack that was deployed: it runs, refuses and changes the same."""

import io
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from embedded.account import Credentials
from embedded.cloud import Cloud
from embedded.kept.directory import KeptDirectory
from embedded.stack import EmbeddedStack
from tests.cli.conftest import Command
from tests.cli.conftest import tickfold as tickfold  # noqa: PLC0414 - a fixture
from tests.conftest import url_for
from tests.e2e.source_tree import CHANGING, copy_of_the_repository, told, watching
from tests.e2e.websocket_client import run, start


def metrics(stack: EmbeddedStack) -> dict[str, float]:
    ended = run(url_for(stack, "tester"), start(strategy="changing", parameters={}, chunks=3))[-1]
    assert ended["type"] == "result", ended
    return dict(ended["metrics"])


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copy_of_the_repository(tmp_path_factory.mktemp("trees"))
    (root / "strategies" / "changing.py").write_text(CHANGING)
    return root


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptDirectory]:
    with pytest.MonkeyPatch.context() as environment, KeptDirectory(tmp_path_factory.mktemp("data")) as locked:
        environment.setenv("TICKFOLD_STATE_DIR", str(tmp_path_factory.mktemp("state-of-restarted")))
        yield locked


@pytest.fixture(scope="module")
def first(tree: Path, kept: KeptDirectory) -> dict[str, float]:
    """What a run gave on the stack that was deployed, which has ended."""
    with EmbeddedStack(root=tree, kept=kept) as stack:
        return metrics(stack)


@pytest.fixture
def again(tree: Path, kept: KeptDirectory, first: dict[str, float]) -> Iterator[EmbeddedStack]:
    """The stack that takes up what was deployed; the strategy is as it was when the test has ended."""
    assert first
    lines: list[str] = []
    with EmbeddedStack(root=tree, kept=kept, log=lines.append) as stack:
        assert not [line for line in lines if line.startswith("deployed")], lines
        yield stack
    (tree / "strategies" / "changing.py").write_text(CHANGING)


def test_run_gives_the_same_result(again: EmbeddedStack, first: dict[str, float]) -> None:
    assert metrics(again) == first


def test_earlier_run_can_be_queried(again: EmbeddedStack, tickfold: Command, first: dict[str, float]) -> None:
    assert again.outputs
    found = tickfold("query", "--csv", "SELECT trades FROM runs WHERE strategy = 'changing'")
    assert found.status == 0, found.stderr
    assert str(int(first["trades"])) in found.stdout.splitlines()


def test_role_has_only_its_own_rights(again: EmbeddedStack) -> None:
    role = again.client("lambda").get_function_configuration(FunctionName="tickfold-embedded-connect")["Role"]
    key = again.client("sts").assume_role(RoleArn=role, RoleSessionName="test-session")["Credentials"]
    connect = Cloud(
        again.endpoint_url, Credentials(key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"])
    ).client("dynamodb")
    row = {"connection_id": {"S": "granted"}}
    connect.put_item(TableName=again.outputs["connections_table"], Item=row)
    with pytest.raises(connect.exceptions.ClientError, match="AccessDenied"):
        connect.delete_item(TableName=again.outputs["connections_table"], Key=row)


def test_program_would_change_nothing(again: EmbeddedStack) -> None:
    with again.deploying() as process:
        assert process.result().changed == 0


def test_changed_strategy_is_deployed(again: EmbeddedStack, tree: Path, first: dict[str, float]) -> None:
    with watching(again) as lines:
        (tree / "strategies" / "changing.py").write_text(CHANGING.replace("% 10 ==", "% 20 =="))
        assert told(lines, 1) == "deployed your changed strategies: changing"
        assert 0 < metrics(again)["trades"] < first["trades"]


def test_strategy_that_changed_before_the_watch_is_deployed(
    again: EmbeddedStack, tree: Path, first: dict[str, float]
) -> None:
    (tree / "strategies" / "changing.py").write_text(CHANGING.replace("% 10 ==", "% 20 =="))
    with watching(again) as lines:
        assert told(lines, 1) == "deployed your changed strategies: changing"
        assert 0 < metrics(again)["trades"] < first["trades"]


def test_strategy_that_changed_between_two_starts_is_deployed(
    kept: KeptDirectory, tree: Path, first: dict[str, float]
) -> None:
    (tree / "strategies" / "changing.py").write_text(CHANGING.replace("% 10 ==", "% 20 =="))
    with EmbeddedStack(root=tree, kept=kept) as stack:
        assert 0 < metrics(stack)["trades"] < first["trades"]


@pytest.mark.parametrize("deployed", [False, True], ids=["taken up", "deployed anew"])
def test_keys_of_providers_are_kept(
    kept: KeptDirectory, tree: Path, tickfold: Command, monkeypatch: pytest.MonkeyPatch, deployed: bool
) -> None:
    keys = {"key": f"K{secrets.token_hex(4)}"}
    with EmbeddedStack(root=tree, kept=kept) as stack:
        assert stack.outputs
        monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(keys)))
        ended = tickfold("data", "keys", "set", "alpha_vantage", "--stdin")
        assert ended.status == 0, ended.stderr
    if deployed:
        (kept.path / "deployment").unlink()
    lines: list[str] = []
    with EmbeddedStack(root=tree, kept=kept, log=lines.append) as stack:
        assert any(line.startswith("deployed") for line in lines) == deployed
        secret = stack.client("secretsmanager").get_secret_value(SecretId=stack.outputs["keys_secret"])
        assert json.loads(secret["SecretString"])["alpha_vantage"] == keys
    for file in kept.path.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file
    _, _, archive = (kept.path / "deployment").read_bytes().split(b"\n", 2)
    with ZipFile(io.BytesIO(archive)) as resources:  # keys are in the store alone
        assert not [name for name in resources.namelist() if keys["key"].encode() in resources.read(name)]
