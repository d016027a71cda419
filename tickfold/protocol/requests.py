"""Every request from a client, and how one is parsed; the errors name each field that is wrong."""

import json
from typing import Annotated, Any, get_args

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from tickfold.errors import ErrorCode, RunError
from tickfold.protocol.alerts import AlertRequest
from tickfold.protocol.backtests import Cancel, GetResult, ListRuns, Resume, StartBacktest
from tickfold.protocol.bots import BotRequest
from tickfold.protocol.config import TAGS
from tickfold.protocol.connection import Ping, Whoami
from tickfold.protocol.frame import MAX_REQUEST_BYTES
from tickfold.protocol.market_data import AddFeedSymbols, ListFeed, RemoveFeedSymbols
from tickfold.protocol.portfolios import (
    CancelOrder,
    CancelOrders,
    ChangeOrder,
    ClosePosition,
    CreatePortfolio,
    DepositCash,
    Flatten,
    GetJournal,
    GetPortfolio,
    Kill,
    Lift,
    ListOrders,
    ListPortfolios,
    ListTrades,
    PlaceOrder,
    SetRiskLimits,
    WithdrawCash,
)
from tickfold.protocol.subscriptions import Subscribe, Unsubscribe
from tickfold.protocol.sweeps import StartSweep
from tickfold.protocol.validation import explain
from tickfold.protocol.wire import ClientRequest

RunRequest = StartBacktest | StartSweep | Cancel | Resume | ListRuns | GetResult
FeedRequest = ListFeed | AddFeedSymbols | RemoveFeedSymbols
PortfolioQuery = ListPortfolios | GetPortfolio | ListOrders | ListTrades | GetJournal
"""Requests that read portfolios."""
PortfolioChange = CreatePortfolio | DepositCash | WithdrawCash | SetRiskLimits | Kill | Lift
"""Requests that change a portfolio; their reply is the portfolio."""
OrderChange = PlaceOrder | ChangeOrder | CancelOrder | CancelOrders | ClosePosition | Flatten
"""Requests that change orders; their reply are orders."""
PortfolioRequest = PortfolioQuery | PortfolioChange | OrderChange
Request = (
    RunRequest | Subscribe | Unsubscribe | FeedRequest | PortfolioRequest | BotRequest | AlertRequest | Ping | Whoami
)
REQUESTS: tuple[type[ClientRequest], ...] = get_args(Request)
StartRun = Annotated[StartBacktest | StartSweep, Field(discriminator="type")]
_REQUEST: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="type")])
TYPES = tuple(str(model.model_fields["type"].default) for model in REQUESTS)

_KNOWN = f"known types: {', '.join(TYPES)}"
_EXAMPLE = 'send an object such as {"type": "start_backtest", "config": {"stock": "GOOG", ...}}'
_NOT_A_REQUEST: dict[str, tuple[str, ErrorCode]] = {
    "json_invalid": (f"the message is not JSON; {_EXAMPLE}", "invalid"),
    "string_unicode": (f"the message is not valid Unicode; {_EXAMPLE}", "invalid"),
    "dict_type": (f"the message is JSON but not an object; {_EXAMPLE}", "invalid"),
    "model_attributes_type": (f"the message is JSON but not an object; {_EXAMPLE}", "invalid"),
    "union_tag_not_found": (f"the message has no type; {_KNOWN}", "unknown_type"),
    "union_tag_invalid": (f"the message has an unknown type; {_KNOWN}", "unknown_type"),
}
"""The reason and the code for each type of pydantic error that concerns the message as a whole."""


class RequestError(RunError):
    """A client sent an invalid request. `correlation_id` is the request's, if it could be read."""

    def __init__(self, reason: str, code: ErrorCode, correlation_id: str | None) -> None:
        super().__init__(reason, code)
        self.correlation_id = correlation_id


def parse_request(body: str) -> tuple[Request, list[str]]:
    """Parse a client's message; return the request and the names of its unknown fields, which are ignored.

    Raises:
        RequestError: it is too long, not JSON, not an object, of an unknown type, or has invalid fields; the message
            names each of those fields and what was expected.
    """
    size = len(body.encode(errors="replace"))
    if size > MAX_REQUEST_BYTES:
        reason = f"the message has {size:,} bytes; at most {MAX_REQUEST_BYTES:,} are accepted"
        raise RequestError(reason, "invalid", None)
    try:
        request = _REQUEST.validate_json(body)
    except ValidationError as error:
        reason, code = _refusal(error)
        raise RequestError(reason, code, _correlation_id(body)) from None
    return request, unknown_fields(request, json.loads(body))


def _refusal(error: ValidationError) -> tuple[str, ErrorCode]:
    first = error.errors()[0]
    whole = None if first["loc"] else _NOT_A_REQUEST.get(first["type"])
    return whole or (explain(error, without=(*TYPES, *TAGS)), "invalid")


def _correlation_id(body: str) -> str | None:
    try:
        return ClientRequest.model_validate_json(body).correlation_id
    except ValidationError:
        return None


def unknown_fields(model: BaseModel, sent: Any, path: str = "") -> list[str]:
    """Return the paths of the fields in `sent` that neither `model` nor a model in it has."""
    if not isinstance(sent, dict):
        return []
    fields = type(model).model_fields
    names = {field.alias or name: name for name, field in fields.items()} | {name: name for name in fields}
    unknown = [path + name for name in sent if name not in names]
    for sent_name, name in names.items():
        value = getattr(model, name)
        if sent_name in sent and isinstance(value, BaseModel):
            unknown += unknown_fields(value, sent[sent_name], f"{path}{sent_name}.")
    return unknown
