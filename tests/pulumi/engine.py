"""The real engine over an emulator: its own home with the provider stand-in, and its state in files."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from embedded.account import REGION
from embedded.cloud import Cloud

ROOT = Path(__file__).parents[2]
OPERATION = Path(__file__).with_name("operation.py")
SETTINGS = {"tickfold:issuer": "https://issuer.example", "tickfold:audience": "tickfold"}
PASSPHRASE = "not a secret: it encrypts the state of tests"  # noqa: S105


@dataclass(frozen=True)
class Done:
    """What an operation did: each resource's operation by its URN, the diagnostics, the stack's outputs."""

    operations: Mapping[str, str]
    diagnostics: list[str]
    outputs: Mapping[str, Any]
    failure: str | None

    def urns(self, *operations: str) -> set[str]:
        """Return the URNs of the resources on which one of `operations` was done."""
        return {urn for urn, operation in self.operations.items() if operation in operations}

    def changed(self) -> set[str]:
        """Return the names of the resources on which anything was done."""
        return {name_of(urn) for urn, operation in self.operations.items() if operation != "same"}


@dataclass(frozen=True)
class PulumiEngine:
    """Stacks of the program in `cloud`, with all files of the engine in `directory`."""

    cli: Path
    directory: Path
    cloud: Cloud
    canary: str = field(default_factory=lambda: secrets.token_hex(16))
    """A secret in the engine's environment, which must not get anywhere."""

    def install(self) -> None:
        """Put the provider stand-in where the engine looks for plugins."""
        plugin = self.directory / f"home/plugins/resource-aws-v{version('pulumi-aws')}"
        plugin.mkdir(parents=True)
        (self.directory / "state").mkdir()
        (self.directory / "work").mkdir()
        executable = plugin / "pulumi-resource-aws"
        module = f"embedded.provider {version('pulumi-aws')}"
        # Of this tree, whichever is deployed: the engine starts it in the program's folder.
        executable.write_text(f'#!/bin/sh\nexec env PYTHONPATH="{ROOT}" "{sys.executable}" -P -m {module}\n')
        executable.chmod(0o755)

    def do(self, operation: str, stack: str, root: Path = ROOT, **settings: object) -> Done:
        """Carry out `operation` (preview, up, destroy) on `stack` with the program of `root`."""
        process = self.start(operation, stack, root, **settings)
        output, errors = process.communicate()
        assert process.returncode == 0, errors
        return Done(**json.loads(output.splitlines()[-1]))

    def start(self, operation: str, stack: str, root: Path = ROOT, **settings: object) -> "subprocess.Popen[str]":
        """Start `operation` in a process group of its own."""
        given = SETTINGS | {f"tickfold:{key}": value for key, value in settings.items()}
        return subprocess.Popen(
            [sys.executable, "-P", OPERATION, root, stack, operation, json.dumps(self._workspace()), json.dumps(given)],
            cwd=root,
            env=self._variables(root),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def state(self, stack: str) -> str:
        """Return the text of a stack's state."""
        file = self.directory / f"state/.pulumi/stacks/tickfold/{stack}.json"
        return file.read_text() if file.exists() else '{"checkpoint": {"latest": {}}}'

    def resources(self, stack: str) -> list[dict[str, Any]]:
        """Return the resources in a stack's state."""
        found = json.loads(self.state(stack))["checkpoint"].get("latest", {}).get("resources", [])
        return [resource for resource in found if resource.get("custom")]

    def _workspace(self) -> dict[str, Any]:
        return {
            "directory": str(self.directory / "work"),
            "home": str(self.directory / "home"),
            "cli": str(self.cli.parents[1]),
            "backend": f"file://{self.directory / 'state'}",
            "environment": {
                "AWS_ENDPOINT_URL": self.cloud.endpoint_url,
                "AWS_REGION": REGION,
                "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
                "PULUMI_SKIP_UPDATE_CHECK": "true",
                "AWS_SECRET_ACCESS_KEY": self.canary,
            },
        }

    def _variables(self, root: Path) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_"))}
        return kept | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}


def name_of(urn: str) -> str:
    """Return a resource's logical name."""
    return urn.split("::", 3)[3]
