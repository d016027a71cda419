"""Deployment of a source tree's Pulumi program to the emulator.

The program runs in a subprocess in which Pulumi's engine is replaced: each resource that it registers is created in the
emulator immediately. The subprocess runs in the tree's directory, so that a modified copy deploys its own components.
"""

import asyncio
import json
import os
import runpy
import subprocess
import sys
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import pulumi
import yaml
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks, set_mocks
from pulumi.runtime.settings import get_root_resource
from pulumi.runtime.stack import Stack, run_pulumi_func

from embedded.cloud import REGION, Cloud
from embedded.resources import create
from embedded.resources.lookups import look_up

PROJECT = "tickfold"
STACK = "embedded"
CONFIGURATION = "Pulumi.dev.yaml"


class DeploymentError(Exception):
    """The program could not be deployed. The message gives the reason."""


@dataclass(frozen=True)
class Deployment:
    """The stack's outputs, and the number of resources created."""

    outputs: dict[str, str]
    resources: int


def deploy(root: Path, cloud: Cloud, directory: Path, settings: Mapping[str, str]) -> Deployment:
    """Deploy the program at `root` to `cloud`; its output goes to deployment.log in `directory`.

    `settings` override the stack's configuration, such as the issuer's URL.

    Raises:
        DeploymentError: the program failed, or uses a resource that the embedded stack does not support.
    """
    result, log = directory / "deployment.json", directory / "deployment.log"
    with log.open("wb") as output:
        ended = subprocess.run(
            [sys.executable, "-m", "embedded.deployment", cloud.endpoint_url, str(result), json.dumps(settings)],
            cwd=root,
            env={name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_"))},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if ended.returncode == 0:
        return Deployment(**json.loads(result.read_text()))
    reason = json.loads(result.read_text())["error"] if result.exists() else log.read_text(errors="replace")[-2000:]
    raise DeploymentError(f"the program in {root} could not be deployed: {reason}")


class _Engine(Mocks):
    """Replaces Pulumi's engine and AWS provider."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.resources = 0

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if not args.custom:  # a component, whose children are registered separately
            return "", args.inputs
        created = create(self._cloud, args.typ, args.name, args.inputs)
        self.resources += 1
        return created

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        return look_up(args.token), []


def configuration(root: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Return the configuration of the development stack, with the overrides of a single machine and `settings`."""
    values = yaml.safe_load((root / CONFIGURATION).read_text())["config"] | {
        "aws:region": REGION,
        # The workers run in this Python environment and use its packages.
        f"{PROJECT}:dependencies": "runtime",
        # The account setting is not emulated, and no data outlives the emulator.
        f"{PROJECT}:ownApiGatewayAccount": False,
        f"{PROJECT}:protectData": False,
        # Two workers per core keep the cores busy.
        f"{PROJECT}:maxConcurrency": max(4, 2 * (os.cpu_count() or 1)),
        f"{PROJECT}:maxActiveRuns": 20,
    }
    values |= {f"{PROJECT}:{key}": value for key, value in settings.items()}
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


async def _run_program(root: Path, cloud: Cloud, settings: Mapping[str, str]) -> Deployment:
    engine = _Engine(cloud)
    pulumi.runtime.set_all_config(configuration(root, settings))
    set_mocks(engine, project=PROJECT, stack=STACK, preview=False)

    def program() -> None:
        runpy.run_path(str(root / "__main__.py"))

    await run_pulumi_func(program)
    stack = cast(Stack, get_root_resource())  # created by set_mocks
    outputs = await pulumi.Output.from_input(stack.outputs).future()
    return Deployment(outputs=dict(outputs or {}), resources=engine.resources)


def main(endpoint_url: str, result: Path, settings: Mapping[str, str]) -> int:
    """Deploy the program in the working directory with `settings`; write the deployment or the error to `result`."""
    sys.path.insert(0, str(Path.cwd()))
    try:
        deployment = asyncio.run(_run_program(Path.cwd(), Cloud(endpoint_url, strict=True), settings))
    except Exception as error:
        traceback.print_exc()
        result.write_text(json.dumps({"error": f"{type(error).__name__}: {error}"}))
        return 1
    result.write_text(json.dumps(asdict(deployment)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])))
