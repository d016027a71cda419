"""Which stack is used: the file, before the environment, before the embedded stack that is up."""

import json
from pathlib import Path

import pytest

from tickfold.cli.target import TargetError, find_target

OUTPUTS = {"region": "eu-west-1", "websocket_url": "wss://file/live", "bucket": "from-file", "nested": {"a": 1}}


@pytest.fixture
def outputs(alone: Path) -> Path:
    path = alone / "outputs.json"
    path.write_text(json.dumps(OUTPUTS))
    return path


def test_outputs_file_comes_before_environment(outputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKFOLD_WEBSOCKET_URL", "wss://environment/live")
    target = find_target(outputs)
    assert target.output("websocket_url") == "wss://file/live"
    assert target.endpoint_url is None


def test_environment_names_stack(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKFOLD_WEBSOCKET_URL", "wss://environment/live")
    monkeypatch.setenv("TICKFOLD_ATHENA_DATABASE", "tickfold_dev")
    target = find_target(None)
    assert target.output("websocket_url") == "wss://environment/live"
    assert target.output("athena_database") == "tickfold_dev"


def test_unknown_output_is_named_with_origin(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKFOLD_WEBSOCKET_URL", "wss://environment/live")
    with pytest.raises(
        TargetError, match=r"the environment \(TICKFOLD_WEBSOCKET_URL\) does not name the stack's bucket"
    ):
        find_target(None).output("bucket")


def test_output_other_than_text_is_unknown(outputs: Path) -> None:
    with pytest.raises(TargetError, match="does not name the stack's nested"):
        find_target(outputs).output("nested")


def test_no_stack_says_how_to_get_one(alone: Path) -> None:
    with pytest.raises(TargetError, match=r"`tickfold up` .* --stack-outputs FILE .* TICKFOLD_WEBSOCKET_URL"):
        find_target(None)


@pytest.mark.parametrize("content", ["", "[]", "websocket_url: wss://file", '"text"'])
def test_file_without_outputs_is_refused(alone: Path, content: str) -> None:
    path = alone / "outputs.json"
    path.write_text(content)
    with pytest.raises(TargetError, match="is not the JSON object that `pulumi stack output --json` prints"):
        find_target(path)


def test_missing_outputs_file_is_refused(alone: Path) -> None:
    with pytest.raises(TargetError, match=r"cannot be read from .*absent.json: No such file"):
        find_target(alone / "absent.json")


def test_client_has_region_of_stack(outputs: Path) -> None:
    assert find_target(outputs).s3().meta.region_name == "eu-west-1"
