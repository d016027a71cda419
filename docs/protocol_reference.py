"""Writes docs/protocol.md from the models of tickfold/protocol.py: `python docs/protocol_reference.py`."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tickfold import protocol

PAGE = Path(__file__).with_name("protocol.md")
REQUESTS: tuple[type[BaseModel], ...] = (protocol.StartBacktest, protocol.StartSweep, protocol.Resume, protocol.Ping)
REQUESTED: dict[type[BaseModel], str] = {
    protocol.BacktestConfig: "config",
    protocol.SizingTerms: "sizing",
    protocol.CommissionTerms: "commission",
    protocol.Allocation: "allocation",
    protocol.SweepConfig: "sweepConfig",
    protocol.Range: "range",
    protocol.Windows: "walkForward",
}
"""What requests are made of, and what each part is called here."""
MESSAGES: tuple[type[BaseModel], ...] = (
    protocol.Accepted,
    protocol.Planned,
    protocol.Progress,
    protocol.Partial,
    protocol.Sweep,
    protocol.WalkForward,
    protocol.Result,
    protocol.Failed,
    protocol.Error,
    protocol.Pong,
)
ANSWERED: dict[type[BaseModel], str] = {
    protocol.SymbolResult: "symbolResult",
    protocol.Ranked: "ranked",
    protocol.WindowOutcome: "windowOutcome",
    protocol.Sample: "sample",
}
"""What messages are made of, and what each part is called here."""
PARTS = REQUESTED | ANSWERED
NAMES = {f"#/$defs/{model.__name__}": name for model, name in PARTS.items()}
BOUNDS = {
    "exclusiveMinimum": "> {}",
    "minimum": "≥ {}",
    "exclusiveMaximum": "< {}",
    "maximum": "≤ {}",
    "pattern": "`{}`",
}
INTRODUCTION = f"""# The WebSocket protocol

Generated from `tickfold/protocol.py` by `make docs`; edit that file, not this page.

Everything is JSON with camelCase names. Amounts are dollars, ratios fractions, dates UTC days, times milliseconds
since 1970 UTC. A request has at most {protocol.MAX_REQUEST_BYTES:,} bytes, and so has a message to the client. Each
of a run's messages carries `runId` and `sequence` (1, 2, 3 …); a client that lost its connection sends `resume` on a
new one and gets what it missed. A request that is wrong is answered by one `error`, and nothing is started.
"""
ORIGINAL = {
    "type": "start_backtest",
    "mode": "cloud",
    "config": {"stock": "TQQQ", "startDate": "2024-01-01", "endDate": "2024-01-02", "startCapital": 1000},
}


def render() -> str:
    """Return the page."""
    parts = [
        INTRODUCTION,
        "## From the client\n",
        f"The smallest request for a run:\n\n```json\n{json.dumps(ORIGINAL)}\n```\n",
        *(_section(model) for model in REQUESTS),
        *(_section(model) for model in REQUESTED),
        "## To the client\n",
        *(_section(model) for model in MESSAGES),
        *(_section(model) for model in ANSWERED),
    ]
    return "\n".join(parts)


def _section(model: type[BaseModel]) -> str:
    schema = model.model_json_schema(by_alias=True)
    wire = schema["properties"].get("type", {}).get("const")
    title = f"`{wire or PARTS[model]}`"
    required = set(schema.get("required", ()))
    rows = [_row(name, field, name in required) for name, field in schema["properties"].items() if name != "type"]
    table = "| field | type | default | meaning |\n|---|---|---|---|\n" + "".join(rows) if rows else ""
    text = " ".join((model.__doc__ or "").split())
    return f"### {title}\n\n{text}\n\n{table}"


def _row(name: str, field: dict[str, Any], required: bool) -> str:
    default = "required" if required else f"`{json.dumps(field.get('default'))}`"
    return f"| `{name}` | {_type(field)} | {default} | {field.get('description', '')} |\n"


def _type(field: dict[str, Any]) -> str:
    match field:
        case {"anyOf": options} | {"oneOf": options}:
            return " or ".join(_type(option) for option in options)
        case {"enum": values}:
            return " or ".join(f"`{json.dumps(value)}`" for value in values)
        case {"const": value}:
            return f"`{json.dumps(value)}`"
        case {"$ref": reference}:
            return f"object, see `{NAMES[reference]}`"
        case {"prefixItems": items}:
            return "[" + ", ".join(_type(item) for item in items) + "]"
        case {"type": "array", "items": items}:
            return f"array of {_type(items)}"
    limits = [text.format(field[key]).replace("|", "\\|") for key, text in BOUNDS.items() if key in field]
    return " ".join([str(field.get("format", field["type"])), *limits])


if __name__ == "__main__":
    PAGE.write_text(render())
