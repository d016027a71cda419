"""The page and the JSON Schema of the protocol, from the models in tickfold/protocol."""

import json
from collections.abc import Collection, Iterable, Set
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import BaseModel, Field, TypeAdapter

from tickfold import protocol
from tickfold.errors import ErrorCode
from tickfold.protocol import journal, portfolio_orders, portfolios
from tickfold.protocol.json_schema import readable

Json = dict[str, Any]

TEXT = Path(__file__).with_name("protocol.template.md")

REQUESTED: dict[type[BaseModel], str] = {
    protocol.BacktestConfig: "config",
    protocol.SizingTerms: "sizing",
    protocol.CommissionTerms: "commission",
    protocol.Allocation: "allocation",
    protocol.SweepConfig: "sweepConfig",
    protocol.Range: "range",
    protocol.Windows: "walkForward",
    portfolio_orders.PlacedOrder: "placedOrder",
    journal.AccountTerms: "accountTerms",
    journal.RiskLimits: "riskLimits",
    journal.BotLimits: "botLimits",
    protocol.AlertTerms: "rule",
    protocol.PriceCondition: "price",
    protocol.ChangeCondition: "change",
    protocol.IndicatorCondition: "indicator",
    protocol.SpreadCondition: "spread",
    protocol.VolumeCondition: "volume",
    protocol.BalanceCondition: "balance",
    protocol.DrawdownCondition: "drawdown",
    protocol.PositionCondition: "positionValue",
    protocol.OrdersCondition: "orderOutcomes",
    protocol.HaltCondition: "halt",
    protocol.BotsCondition: "bots",
    protocol.RunEndedCondition: "run_ended",
    protocol.FeedSilentCondition: "feed_silent",
    protocol.Preferences: "preferences",
    protocol.QuietHours: "quietHours",
}
"""The objects in requests, and their headings on the page."""
ANSWERED: dict[type[BaseModel], str] = {
    protocol.NoTrades: "noTrades",
    protocol.SymbolResult: "symbolResult",
    protocol.Ranked: "ranked",
    protocol.WindowOutcome: "windowOutcome",
    protocol.Sample: "sample",
    protocol.RunSummary: "runSummary",
    protocol.FeedSymbol: "feedSymbol",
    portfolios.PortfolioSummary: "portfolioSummary",
    portfolios.PortfolioView: "portfolioView",
    portfolios.Position: "position",
    portfolios.Sleeve: "sleeve",
    journal.Quote: "quote",
    protocol.BotView: "botView",
    protocol.BotSummary: "botSummary",
    portfolio_orders.Order: "orderOfPortfolio",
    portfolio_orders.Ordered: "ordered",
    portfolios.Trade: "trade",
    **{model: f"event {model.model_fields['type'].default}" for model in journal.EVENTS},
    protocol.AlertRuleSummary: "alertRuleSummary",
    protocol.SentAlert: "sentAlert",
}
"""The objects in messages."""
PARTS = REQUESTED | ANSWERED
ARRAYS = {"#/$defs/PushedBar": protocol.PushedBar}
"""The objects that are arrays."""
NESTED: dict[type[BaseModel], str] = {journal.JournalEntry: "journal_entry", protocol.Alert: "alert"}
"""Messages that are part of others, too."""
NAMES = {f"#/$defs/{model.__name__}": name for model, name in (PARTS | NESTED).items()}
BOUNDS = {
    "exclusiveMinimum": "> {:g}",
    "minimum": "≥ {:g}",
    "exclusiveMaximum": "< {:g}",
    "maximum": "≤ {:.15g}",
    "pattern": "`{}`",
}
ERRORS: dict[ErrorCode, str] = {
    "invalid": "the request is invalid, as `reason` says; do not retry it unchanged",
    "unknown_type": "there is no request of this `type`",
    "not_found": "the run, topic, symbol, portfolio, order or bot does not exist, or is not the user's",
    "conflict": "the run, the order or the bot has ended, the run is still running, the portfolio is paused or lacks "
    "the cash, or the key was used for another request",
    "limit": "a limit of the user, the connection or the portfolio is reached; try later",
    "expired": "the token has expired and the connection is closed; connect again with a new token",
    "internal": "an internal error, which is in the log",
}


def render() -> str:
    """Return the page."""
    definitions = schema()["$defs"]
    common = {
        name: definitions["Pong"]["properties"][name] for name in protocol.Message.model_json_schema()["properties"]
    }
    sections = {
        "MAX_REQUEST_BYTES": f"{protocol.MAX_REQUEST_BYTES:,}",
        "MAX_MESSAGE_BYTES": f"{protocol.MAX_MESSAGE_BYTES:,}",
        "ERRORS": "\n".join(f"| `{code}` | {ERRORS[code]} |" for code in get_args(ErrorCode)),
        "REQUESTS": _sections(definitions, protocol.REQUESTS, {"correlationId"}),
        "CONFIG": _sections(definitions, REQUESTED),
        "COMMON": _table(common, list(common)),
        "MESSAGES": _sections(definitions, protocol.MESSAGES, set(common)),
        "PARTS": _sections(definitions, ANSWERED),
    }
    page = TEXT.read_text()
    for name, text in sections.items():
        page = page.replace(f"{{{{{name}}}}}", text)
    return page


def render_schema() -> str:
    """Return the text of protocol.schema.json."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def schema() -> Json:
    """Return the JSON Schema: requests are `$defs/request`, messages `$defs/message`."""
    requests: TypeAdapter[Any] = TypeAdapter(Annotated[protocol.Request, Field(discriminator="type")])
    messages: TypeAdapter[Any] = TypeAdapter(Annotated[protocol.ServerMessage, Field(discriminator="type")])
    roots, found = TypeAdapter.json_schemas(
        [("request", "validation", requests), ("message", "serialization", messages)], ref_template="#/$defs/{model}"
    )
    definitions = readable(found["$defs"])
    for request in protocol.REQUESTS:
        definitions[request.__name__]["required"] = ["type", *definitions[request.__name__].get("required", ())]
    for sent in (*protocol.MESSAGES, *PARTS):
        name = sent.__name__ if sent not in REQUESTED else f"{sent.__name__}-Output"
        if name in definitions:
            definitions[name]["required"] = _always_sent(sent)
    definitions["request"] = readable(roots["request", "validation"])
    definitions["message"] = readable(roots["message", "serialization"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"The WebSocket protocol, version {protocol.VERSION}",
        "anyOf": [{"$ref": "#/$defs/request"}, {"$ref": "#/$defs/message"}],
        "$defs": definitions,
    }


def _always_sent(model: type[BaseModel]) -> list[str]:
    """Return the fields that the server always sends, although a client may omit some of them."""
    return [field.alias or name for name, field in model.model_fields.items() if field.exclude_if is None]


def _sections(definitions: Json, models: Iterable[type[BaseModel]], left_out: Set[str] = frozenset()) -> str:
    return "\n".join(_section(definitions, model, left_out) for model in models)


def _section(definitions: Json, model: type[BaseModel], left_out: Set[str]) -> str:
    found = _sent(definitions, model)
    fields = {name: field for name, field in found["properties"].items() if name not in {"type", *left_out}}
    title = PARTS.get(model) or found["properties"]["type"]["const"]
    text = " ".join((model.__doc__ or "").split())
    if model is protocol.SweepConfig:  # the rest is in the table of `config`
        run = _sent(definitions, protocol.BacktestConfig)["properties"]
        fields = {name: field for name, field in fields.items() if field != run.get(name)}
        text += " It has the fields of [`config`](#config), and differs in these; `stock` is one symbol."
    table = _table(fields, found.get("required", ())) if fields else ""
    return f"### `{title}`\n\n{text}\n" + (f"\n{table}" if table else "")


def _sent(definitions: Json, model: type[BaseModel]) -> Json:
    """Return the definition of `model`: of two, that of requests, in which a fraction may be `5bp`."""
    found: Json = definitions.get(f"{model.__name__}-Input") or definitions[model.__name__]
    return found


def _table(fields: Json, required: Collection[str]) -> str:
    rows = [_row(name, field, name in required) for name, field in fields.items()]
    return "| field | type | default | meaning |\n|---|---|---|---|\n" + "".join(rows)


def _row(name: str, field: Json, required: bool) -> str:
    default = "" if required else f"`{json.dumps(field.get('default'))}`"
    return f"| `{name}` | {_type(field)} | {default} | {field.get('description', '')} |\n"


def _type(field: Json) -> str:
    match field:
        case {"anyOf": options}:
            return " or ".join(dict.fromkeys(_type(option) for option in options))
        case {"enum": values}:
            return " or ".join(f"`{json.dumps(value)}`" for value in values)
        case {"const": value}:
            return f"`{json.dumps(value)}`"
        case {"$ref": reference} if reference in ARRAYS:
            return f"`[{', '.join(ARRAYS[reference]._fields)}]`"
        case {"$ref": reference}:
            name = NAMES[reference.removesuffix("-Input").removesuffix("-Output")]
            return f"[`{name}`](#{name.lower().replace(' ', '-')})"
        case {"prefixItems": items}:
            return "[" + ", ".join(_type(item) for item in items) + "]"
        case {"type": "array", "items": items}:
            return f"array of {_type(items)}"
        case {"type": "object", "additionalProperties": values}:
            return f"object of {_type(values)}"
        case {"examples": examples}:
            return "such as " + ", ".join(f"`{json.dumps(example)}`" for example in examples)
    limits = [text.format(field[key]).replace("|", "\\|") for key, text in BOUNDS.items() if key in field]
    return " ".join([str(field.get("format", field["type"])), *limits])
