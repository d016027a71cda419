"""A stack for development, from an empty account to an empty account. The tests build on each other, in this order."""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from embedded.cloud import Cloud
from tests.pulumi.account import contents
from tests.pulumi.engine import PASSPHRASE, ROOT, Done, PulumiEngine, name_of

PROGRAM = ("__main__.py", "components", "functions", "requirements", "statemachines", "strategies", "tickfold")
SETTINGS = ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source tree, to change lines in."""
    copy = tmp_path_factory.mktemp("tree")
    for name in (*PROGRAM, *SETTINGS):
        source = ROOT / name
        shutil.copytree(source, copy / name) if source.is_dir() else shutil.copy(source, copy / name)
    (copy / "build").mkdir()
    for layer in (ROOT / "build").glob("*.zip"):  # built once
        shutil.copy(layer, copy / "build")
    return copy


@pytest.fixture(scope="module")
def before(cloud: Cloud) -> dict[str, list[str]]:
    """What is in an account of which nobody has made use."""
    return contents(cloud)


@pytest.fixture(scope="module")
def deployed(engine: PulumiEngine, tree: Path, before: dict[str, list[str]]) -> Done:
    """The first `up` of the stack `dev`, with layers and the account setting, as Pulumi.dev.yaml has it."""
    done = engine.do("up", "dev", tree)
    assert done.failure is None
    return done


def changed_by_up(engine: PulumiEngine, tree: Path, **settings: object) -> set[str]:
    done = engine.do("up", "dev", tree, **settings)
    assert done.failure is None
    return done.changed()


def names_of(engine: PulumiEngine, kind: str) -> set[str]:
    return {name_of(resource["urn"]) for resource in engine.resources("dev") if resource["type"] == kind}


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_preview_has_no_warning_and_makes_nothing(
    engine: PulumiEngine, cloud: Cloud, tree: Path, before: dict[str, list[str]]
) -> None:
    done = engine.do("preview", "dev", tree)
    assert (done.failure, done.diagnostics) == (None, [])
    assert contents(cloud) == before


def test_up_creates_everything(deployed: Done, engine: PulumiEngine) -> None:
    assert deployed.diagnostics == []
    assert set(deployed.operations.values()) == {"create"}
    kinds = {resource["type"] for resource in engine.resources("dev")}
    assert {"aws:lambda/layerVersion:LayerVersion", "aws:apigateway/account:Account"} <= kinds
    assert deployed.outputs["websocket_url"].startswith("ws")


def test_up_again_changes_nothing(deployed: Done, engine: PulumiEngine, tree: Path) -> None:
    assert changed_by_up(engine, tree) == set()


def test_state_holds_no_secret(deployed: Done, engine: PulumiEngine) -> None:
    text = engine.state("dev")
    assert [word for word in (PASSPHRASE, "PRIVATE KEY", engine.canary) if word in text] == []


def test_line_of_the_library_updates_what_runs_it(deployed: Done, engine: PulumiEngine, tree: Path) -> None:
    replace_in(tree / "tickfold/errors.py", "\n", "\n# another line\n")
    changed = changed_by_up(engine, tree)
    functions = {name for name in changed if name.endswith("-function")}
    assert functions == names_of(engine, "aws:lambda/function:Function")
    aliases = {name.removesuffix("-function") + "-alias" for name in functions}
    assert {re.sub(r"-code.*", "-code", name) for name in changed - functions - aliases} == {"tickfold-dev-code"}


def test_line_of_the_program_updates_what_holds_it(deployed: Done, engine: PulumiEngine, tree: Path) -> None:
    replace_in(tree / "statemachines/backtest.asl.json", '"Comment": "One run', '"Comment": "A run')
    assert changed_by_up(engine, tree) == {"tickfold-dev-backtest-state-machine"}
    replace_in(tree / "components/realtime.py", '"""Realtime', '"""The realtime part')
    assert changed_by_up(engine, tree) == set()


def test_setting_updates_what_reads_it(deployed: Done, engine: PulumiEngine, tree: Path) -> None:
    replace_in(tree / "Pulumi.dev.yaml", "tickfold:throttlingRate: 50", "tickfold:throttlingRate: 51")
    assert changed_by_up(engine, tree) == names_of(engine, "aws:apigatewayv2/stage:Stage")
    replace_in(tree / "Pulumi.dev.yaml", "tickfold:logRetentionDays: 7", "tickfold:logRetentionDays: 14")
    assert changed_by_up(engine, tree) == names_of(engine, "aws:cloudwatch/logGroup:LogGroup")


def test_two_stacks_live_side_by_side(deployed: Done, engine: PulumiEngine, cloud: Cloud, tree: Path) -> None:
    alone = contents(cloud)
    assert engine.do("up", "dev-second", tree, ownApiGatewayAccount=False).failure is None
    both = contents(cloud)
    assert all(len(both[kind]) > len(alone[kind]) for kind in ("tables", "functions", "buckets", "state machines"))
    assert changed_by_up(engine, tree) == set()
    assert engine.do("destroy", "dev-second", tree, ownApiGatewayAccount=False).failure is None
    assert contents(cloud) == alone


def test_up_that_is_interrupted_is_finished_by_the_next(engine: PulumiEngine, cloud: Cloud, tree: Path) -> None:
    alone = contents(cloud)
    at = random.randrange(5, 100)  # noqa: S311
    process = engine.start("up", "dev-third", tree, ownApiGatewayAccount=False)
    while len(engine.resources("dev-third")) < at and process.poll() is None:
        time.sleep(0.02)
    (cli,) = subprocess.check_output(["pgrep", "-P", str(process.pid)], text=True).split()
    os.kill(int(cli), signal.SIGINT)  # Ctrl-C: the engine finishes what it has begun
    process.communicate()
    engine.do("cancel", "dev-third", tree)
    made = len(engine.resources("dev-third"))
    finished = engine.do("up", "dev-third", tree, ownApiGatewayAccount=False)
    assert finished.failure is None, f"interrupted after {at} resources"
    assert len(finished.urns("create")) > 0
    assert made >= at
    assert set(engine.do("up", "dev-third", tree, ownApiGatewayAccount=False).operations.values()) == {"same"}
    assert engine.do("destroy", "dev-third", tree, ownApiGatewayAccount=False).failure is None
    assert contents(cloud) == alone


def test_destroy_leaves_an_empty_account_but_for_the_role_of_all_its_apis(
    deployed: Done, engine: PulumiEngine, cloud: Cloud, tree: Path, before: dict[str, list[str]]
) -> None:
    assert engine.do("destroy", "dev", tree).failure is None
    left = contents(cloud)
    (role,) = set(left.pop("roles")) - set(before.get("roles", ()))
    assert role.startswith("tickfold-dev-api-gateway-role")
    assert left == {kind: names for kind, names in before.items() if kind != "roles"}
