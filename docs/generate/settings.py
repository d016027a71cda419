"""The page of a stack's settings, from the model that checks them."""

from typing import Any

from components.configuration import Configuration

INTRODUCTION = """# Settings of a stack

Generated from `components/configuration.py` by `make docs`; edit that, not this page.

Settings are stored in `Pulumi.STACK.yaml`, all under the prefix `tickfold:`. Set one with
`pulumi config set tickfold:KEY VALUE`. A key that is missing, unknown or out of range is an error before any resource
is created; the message names the key and the allowed values.

`Pulumi.dev.yaml` is for experiments: `pulumi destroy` removes everything. `Pulumi.prod.yaml` protects the data, keeps
logs for 90 days and has higher limits.
"""
HEAD = "| key | type | default | meaning |\n|---|---|---|---|\n"


def render() -> str:
    """Return the page."""
    schema = Configuration.model_json_schema()
    rows = [_row(key, field, key in schema["required"]) for key, field in schema["properties"].items()]
    return f"{INTRODUCTION}\n{HEAD}{''.join(rows)}"


def _row(key: str, field: dict[str, Any], required: bool) -> str:
    # An optional setting has its type or null.
    typed = field.get("anyOf", [field])[0]["type"]
    kind = "text" if typed == "string" else typed
    default = "required" if required else "unset" if field["default"] is None else f"`{field['default']}`"
    return f"| `{key}` | {kind} | {default} | {field['description']} |\n"
