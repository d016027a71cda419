"""What a client may send, and what is wrong with what it sent."""

import json
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, Field, TypeAdapter, ValidationError, model_validator

from tickfold.errors import ErrorCode, RunError
from tickfold.protocol.config import TAGS, BacktestConfig, SweepConfig
from tickfold.protocol.validation import explain
from tickfold.protocol.wire import MAX_REQUEST_BYTES, CorrelationId, PortfolioId, RunId, Wire

Topic = Literal["run", "user", "portfolio"]


class _Request(Wire):
    correlation_id: Annotated[
        CorrelationId | None, Field(description="Comes back in the answer, so that the client can match the two.")
    ] = None


class _Start(_Request):
    mode: Annotated[Literal["cloud"], Field(description="Where to run.")] = "cloud"
    key: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9_-]{1,64}$",
            description="Names this start among the user's: sent again within two days, it starts nothing new, and the "
            "messages of the run that it did start are sent again.",
        ),
    ] = None
    portfolio: Annotated[
        PortfolioId | None,
        Field(description="A portfolio of the user's: whoever has it may follow the run."),
    ] = None


class StartBacktest(_Start):
    """Start a run, and subscribe the connection to it. Answered by `accepted`, which its other messages follow."""

    type: Literal["start_backtest"] = "start_backtest"
    config: BacktestConfig


class StartSweep(_Start):
    """Start a sweep: runs of one strategy with many sets of parameters, of which the best is given in full.

    Answered by `accepted`, which the sweep's other messages follow.
    """

    type: Literal["start_sweep"] = "start_sweep"
    config: SweepConfig


class Cancel(_Request):
    """Stop a run of the user's. Everybody who follows it gets `cancelled`, which is the answer too."""

    type: Literal["cancel"] = "cancel"
    run_id: RunId


class Resume(_Request):
    """Subscribe to a run, and get its messages after `after`. Answered by `resumed`, before them."""

    type: Literal["resume"] = "resume"
    run_id: RunId
    after: Annotated[int, Field(ge=0, le=999_999, description="The last sequence number that the client has.")] = 0


class ListRuns(_Request):
    """List the user's runs, newest first. Answered by `runs`."""

    type: Literal["list_runs"] = "list_runs"
    limit: Annotated[int, Field(ge=1, le=50, description="Runs in the answer, at most.")] = 20
    before: Annotated[
        str | None,
        Field(
            pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}\+00:00$",
            description="`next` of the answer before, for the runs that follow.",
        ),
    ] = None


class GetResult(_Request):
    """Ask for the message that a run ended with: `result`, `failed` or `cancelled`."""

    type: Literal["get_result"] = "get_result"
    run_id: RunId


class _AboutTopic(_Request):
    topic: Annotated[Topic, Field(description="The messages of one `run`, of a `user`'s runs, or of a `portfolio`'s.")]
    id: Annotated[
        str | None,
        Field(min_length=1, max_length=256, description="Of the run or the portfolio; a user's is his own."),
    ] = None

    @model_validator(mode="after")
    def _names_it(self) -> "_AboutTopic":
        if self.id is None and self.topic != "user":
            raise ValueError(f"id is missing: which {self.topic}?")
        return self


class Subscribe(_AboutTopic):
    """Get messages about a topic on this connection from now on. Answered by `subscribed`."""

    type: Literal["subscribe"] = "subscribe"


class Unsubscribe(_AboutTopic):
    """Get no more of them. Answered by `unsubscribed`."""

    type: Literal["unsubscribe"] = "unsubscribe"


class Ping(_Request):
    """Keep the connection open: API Gateway closes one that is idle for ten minutes. Answered by `pong`."""

    type: Literal["ping"] = "ping"


class Whoami(_Request):
    """Ask who the connection's token says that the user is. Answered by `identity`."""

    type: Literal["whoami"] = "whoami"


Request = StartBacktest | StartSweep | Cancel | Resume | ListRuns | GetResult | Subscribe | Unsubscribe | Ping | Whoami
REQUESTS: tuple[type[_Request], ...] = get_args(Request)
_REQUEST: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="type")])
_TYPES = tuple(str(model.model_fields["type"].default) for model in REQUESTS)


class RequestError(RunError):
    """What a client sent is no request. `correlation_id` is the one that it gave, if that can be told."""

    def __init__(self, reason: str, code: ErrorCode, correlation_id: str | None) -> None:
        super().__init__(reason, code)
        self.correlation_id = correlation_id


_KNOWN = f"known types: {', '.join(_TYPES)}"
_EXAMPLE = 'send an object such as {"type": "start_backtest", "config": {"stock": "GOOG", ...}}'
_NOT_A_REQUEST: dict[str, tuple[str, ErrorCode]] = {
    "json_invalid": (f"the message is not JSON; {_EXAMPLE}", "invalid"),
    "string_unicode": (f"the message is not valid Unicode; {_EXAMPLE}", "invalid"),
    "dict_type": (f"the message is JSON but not an object; {_EXAMPLE}", "invalid"),
    "model_attributes_type": (f"the message is JSON but not an object; {_EXAMPLE}", "invalid"),
    "union_tag_not_found": (f"the message has no type; {_KNOWN}", "unknown_type"),
    "union_tag_invalid": (f"the message has an unknown type; {_KNOWN}", "unknown_type"),
}


def parse_request(body: str) -> tuple[Request, list[str]]:
    """Parse what a client sent; return it and the names of the fields in it that nobody knows, which are ignored.

    Raises:
        RequestError: it is too long, not JSON, not an object, of an unknown type, or a field is wrong; the message
            names each field that is wrong and says what was expected.
    """
    size = len(body.encode(errors="replace"))
    if size > MAX_REQUEST_BYTES:
        reason = f"the message has {size:,} bytes; at most {MAX_REQUEST_BYTES:,} are accepted"
        raise RequestError(reason, "invalid", None)
    try:
        request = _REQUEST.validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        whole = None if first["loc"] else _NOT_A_REQUEST.get(first["type"])
        reason, code = whole or (explain(error, without=(*_TYPES, *TAGS)), "invalid")
        raise RequestError(reason, code, _correlation_id(body)) from None
    return request, _unknown(request, json.loads(body))


def _correlation_id(body: str) -> str | None:
    try:
        return _Request.model_validate_json(body).correlation_id
    except ValidationError:
        return None


def _unknown(model: BaseModel, sent: Any, path: str = "") -> list[str]:
    """Return the names of what was `sent` for `model` or a model in it, and no field of it took."""
    if not isinstance(sent, dict):
        return []
    fields = type(model).model_fields
    names = {field.alias or name: name for name, field in fields.items()} | {name: name for name in fields}
    unknown = [path + name for name in sent if name not in names]
    for sent_name, name in names.items():
        value = getattr(model, name)
        if sent_name in sent and isinstance(value, BaseModel):
            unknown += _unknown(value, sent[sent_name], f"{path}{sent_name}.")
    return unknown
