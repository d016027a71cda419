"""A stack of the last release is upgraded to this tree on the real engine, and keeps its runs."""

import asyncio
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded import sample_bars
from embedded.cloud import Cloud
from embedded.issuer import AUDIENCE, Issuer
from tests.components.test_stateful_resources import KEYS
from tests.e2e.websocket_client import SMA, run, start
from tests.pulumi.engine import ROOT, Done, PulumiEngine
from tickfold.client import Client

RELEASE = re.compile(r"^## [\d.]+ \(commit ([0-9a-f]{40})\)$", re.MULTILINE)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The source tree of the last release, which CHANGELOG names."""
    found = RELEASE.search((ROOT / "CHANGELOG.md").read_text())
    assert found, "CHANGELOG.md names no release with its commit"
    tree = tmp_path_factory.mktemp("released") / "tree"
    if subprocess.run(["git", "cat-file", "-e", found[1]], cwd=ROOT, capture_output=True, check=False).returncode:
        pytest.skip(f"this clone does not have the release {found[1]}: git fetch --unshallow")
    subprocess.run(["git", "worktree", "add", "--detach", "--quiet", tree, found[1]], cwd=ROOT, check=True)
    yield tree
    subprocess.run(["git", "worktree", "remove", "--force", tree], cwd=ROOT, check=True)


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    serving = Issuer()
    serving.start()
    yield serving
    serving.stop()


def up(engine: PulumiEngine, issuer: Issuer, root: Path) -> Done:
    """Deploy `root` so that the emulator can run its functions: with the packages of this environment."""
    done = engine.do("up", "dev", root, issuer=issuer.url, audience=AUDIENCE, dependencies="runtime")
    assert done.failure is None
    return done


def test_upgrade_replaces_nothing_stateful_and_keeps_old_runs(
    engine: PulumiEngine, cloud: Cloud, issuer: Issuer, released: Path
) -> None:
    outputs = up(engine, issuer, released).outputs
    sample_bars.load(cloud.client("s3"), outputs["bucket"])
    place = f"{outputs['websocket_url']}?token={issuer.token('ada')}"
    old = run(place, start(**SMA))[-1]
    assert old["type"] == "result"
    stateful = {resource["urn"]: resource["id"] for resource in engine.resources("dev") if resource["type"] in KEYS}

    upgraded = up(engine, issuer, ROOT)

    assert {
        urn: upgraded.operations[urn] for urn in stateful if upgraded.operations[urn] not in ("same", "update")
    } == {}
    assert stateful.items() <= {resource["urn"]: resource["id"] for resource in engine.resources("dev")}.items()
    assert asyncio.run(result_of(outputs["websocket_url"], issuer.token("ada"), old["runId"])) == old["metrics"]
    # 0.1.0 left the order of sums to the processor, so the last digits may differ.
    assert run(place, start(**SMA))[-1]["metrics"] == pytest.approx(old["metrics"], rel=1e-11)


async def result_of(place: str, token: str, run_id: str) -> object:
    async with Client(place, token) as client:
        return (await client.get_result(run_id)).model_dump(by_alias=True)["metrics"]
