"""Runs the Pulumi program in the working directory against the emulator; see `embedded.deployment`.

Pulumi's engine is replaced: each resource that the program registers is created in the emulator at once.
"""

import asyncio
import json
import runpy
import sys
import traceback
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import pulumi
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks, set_mocks
from pulumi.runtime.settings import get_root_resource
from pulumi.runtime.stack import Stack, run_pulumi_func

from embedded.cloud import Cloud
from embedded.configuration import PROJECT, configuration
from embedded.emulator import wait_for_response
from embedded.resources import create
from embedded.resources.change import change, changed_inputs, replaced_by
from embedded.resources.lookups import look_up

STACK = "embedded"
STATE = "state.json"


class _Engine(Mocks):
    """Replaces Pulumi's engine and AWS provider.

    `before` is the state that an earlier deployment left, by resource: what is there is changed, not created.
    """

    def __init__(self, cloud: Cloud, before: Mapping[str, Any]) -> None:
        self._started = cloud
        self._before = before
        self.state: dict[str, Any] = {}
        self.changed = 0

    @cached_property
    def _cloud(self) -> Cloud:
        """The account, once it responds: the emulator may start while the program is imported."""
        wait_for_response(self._started.endpoint_url)
        return self._started

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if not args.custom:  # a component, whose children are registered separately
            return "", args.inputs
        key, inputs = f"{args.typ}::{args.name}", _recorded(args.inputs)
        resource_id, properties = self._put(args, inputs, self._before.get(key))
        self.state[key] = {"id": resource_id, "inputs": inputs, "properties": _recorded(properties)}
        return resource_id, properties

    def _put(
        self, args: MockResourceArgs, inputs: dict[str, Any], old: Mapping[str, Any] | None
    ) -> tuple[str, dict[str, Any]]:
        """Create the resource, change it, or leave it as it is; return its id and properties."""
        if old is None:
            self.changed += 1
            return create(self._cloud, args.typ, args.name, args.inputs)
        changed = changed_inputs(old["inputs"], inputs)
        if not changed:
            return old["id"], {**old["properties"], **args.inputs}
        self.changed += 1
        if replaced_by(args.typ, changed):
            return create(self._cloud, args.typ, args.name, args.inputs)
        return old["id"], change(self._cloud, args.typ, old["id"], args.inputs, old["properties"])

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        return look_up(args.token), []


def _recorded(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return `properties` as JSON has them; of a file its path, which has the hash of the content."""
    written = json.dumps(properties, default=lambda asset: str(asset.path))
    return dict(json.loads(written))


async def _run_program(engine: _Engine, root: Path, settings: Mapping[str, str]) -> dict[str, Any]:
    """Return the stack's outputs, and how many resources it has and how many of them were created or changed."""
    pulumi.runtime.set_all_config(configuration(root, settings))
    set_mocks(engine, project=PROJECT, stack=STACK, preview=False)

    def program() -> None:
        runpy.run_path(str(root / "__main__.py"))

    await run_pulumi_func(program)
    stack = cast(Stack, get_root_resource())  # created by set_mocks
    outputs = await pulumi.Output.from_input(stack.outputs).future()
    return {"outputs": dict(outputs or {}), "resources": len(engine.state), "changed": engine.changed}


def main(endpoint_url: str, result: Path, settings: Mapping[str, str]) -> int:
    """Deploy the program in the working directory with `settings`; write the deployment or the error to `result`.

    The state lies beside `result`: a second deployment changes what the first has made.
    """
    sys.path.insert(0, str(Path.cwd()))
    state = result.with_name(STATE)
    before = json.loads(state.read_text()) if state.exists() else {}
    engine = _Engine(Cloud(endpoint_url, strict=True), before)
    try:
        deployment = asyncio.run(_run_program(engine, Path.cwd(), settings))
    except Exception as error:
        traceback.print_exc()
        result.write_text(json.dumps({"error": f"{type(error).__name__}: {error}"}))
        return 1
    finally:
        state.write_text(json.dumps({**before, **engine.state}))
    result.write_text(json.dumps(deployment))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])))
