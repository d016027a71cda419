"""The configuration of the embedded stack: that of the development stack, with the overrides of a single machine."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from embedded.account import REGION

PROJECT = "tickfold"
FILE = "Pulumi.dev.yaml"
ALERT_SENDER = "alerts@tickfold.example"
"""Nothing leaves the machine: the emulator keeps what is sent."""


def configuration(root: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Return the configuration of the program at `root`, with the overrides of a single machine and `settings`."""
    import yaml  # noqa: PLC0415 - for whoever runs the program only

    values = yaml.safe_load((root / FILE).read_text())["config"] | overrides(settings)
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def overrides(settings: Mapping[str, str]) -> dict[str, str | int | bool]:
    """Return what a single machine has in place of the file's values, `settings` included."""
    machine: dict[str, str | int | bool] = {
        "aws:region": REGION,
        # The workers run in this Python environment and use its packages.
        f"{PROJECT}:dependencies": "runtime",
        # The account setting is not emulated, and no data outlives the emulator.
        f"{PROJECT}:ownApiGatewayAccount": False,
        f"{PROJECT}:protectData": False,
        # Two workers per core keep the cores busy.
        f"{PROJECT}:maxConcurrency": max(4, 2 * (os.cpu_count() or 1)),
        f"{PROJECT}:maxActiveRuns": 20,
        f"{PROJECT}:alertSender": ALERT_SENDER,
        f"{PROJECT}:alertLoopbackWebhooks": True,
    }
    return machine | {f"{PROJECT}:{key}": value for key, value in settings.items()}
