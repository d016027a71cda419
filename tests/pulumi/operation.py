"""One operation of the real engine on one stack, in a process of its own: a source tree has modules of its own.

Run as `python -P operation.py ROOT STACK OPERATION WORKSPACE SETTINGS`, with ROOT on the path; the last two are JSON.
Prints one line of JSON: each resource's operation by its URN, the warnings and errors, the outputs, and the failure.
"""

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import yaml
from pulumi import automation as auto
from pulumi.automation import events

PROJECT = "tickfold"


def main(root: Path, stack_name: str, operation: str, workspace: dict[str, Any], settings: dict[str, str]) -> None:
    seen: dict[str, Any] = {"operations": {}, "diagnostics": [], "outputs": {}, "failure": None}

    def collect(event: events.EngineEvent) -> None:
        if begun := event.resource_pre_event:
            seen["operations"][begun.metadata.urn] = begun.metadata.op.value
        elif (told := event.diagnostic_event) and told.severity in ("warning", "error"):
            seen["diagnostics"].append(f"{told.severity}: {told.message}")

    def program() -> None:
        runpy.run_path(str(root / "__main__.py"))

    stack = auto.create_or_select_stack(
        stack_name=stack_name,
        project_name=PROJECT,
        program=program,
        opts=auto.LocalWorkspaceOptions(
            work_dir=workspace["directory"],
            pulumi_home=workspace["home"],
            pulumi_command=auto.PulumiCommand(root=workspace["cli"]),
            env_vars=workspace["environment"],
            project_settings=auto.ProjectSettings(
                name=PROJECT, runtime="python", backend=auto.ProjectBackend(url=workspace["backend"])
            ),
        ),
    )
    file = root / f"Pulumi.{'prod' if stack_name.startswith('prod') else 'dev'}.yaml"
    values = yaml.safe_load(file.read_text())["config"] | settings
    stack.set_all_config(
        {key: auto.ConfigValue(value if isinstance(value, str) else json.dumps(value)) for key, value in values.items()}
    )
    try:
        if operation == "cancel":  # what the user does after an `up` that was killed
            stack.cancel()
        else:
            getattr(stack, operation)(on_event=collect)
        seen["outputs"] = {name: output.value for name, output in stack.outputs().items()}
    except auto.errors.CommandError as error:
        seen["failure"] = str(error)
    print(json.dumps(seen))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], json.loads(sys.argv[4]), json.loads(sys.argv[5]))
