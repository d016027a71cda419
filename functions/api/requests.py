"""Requests of the HTTP API: whose they are, and what they ask, checked by the models of the operation."""

import json
from collections.abc import Mapping
from typing import Any, get_args

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from pydantic import BaseModel, TypeAdapter, ValidationError

from functions.api.operation import Operation
from functions.api.problems import RequestRefusedError
from tickfold.errors import RunError
from tickfold.identity.claims import Login, TokenRefusedError, check_type, read_verified
from tickfold.identity.user import User
from tickfold.protocol import MAX_REQUEST_BYTES, TAGS
from tickfold.protocol.requests import TYPES, unknown_fields
from tickfold.protocol.spelling import suggestion
from tickfold.protocol.validation import explain

IDEMPOTENCY_KEY = "Idempotency-Key"
_JSON = "application/json"


def user_of(event: APIGatewayProxyEventV2, login: Login) -> User:
    """Return the user whom the token identifies that API Gateway has verified.

    The claims are those of the token itself: API Gateway passes them on as text, in which a list or an object is not
    told from a word.

    Raises:
        RequestRefusedError: a user may not log in with this token.
    """
    authorizer = event.raw_event["requestContext"].get("authorizer") or {}
    if "jwt" not in authorizer:
        raise PermissionError("the request came by a route without an authorizer")
    _, _, token = event.headers["authorization"].strip().rpartition(" ")
    try:
        header, claims = read_verified(token)
        check_type(header)
        return login.user_of(claims).user
    except TokenRefusedError as error:
        raise RequestRefusedError("forbidden", str(error)) from None


def values_of(operation: Operation, event: APIGatewayProxyEventV2) -> dict[str, Any]:
    """Return the values of the parameters of an operation's function.

    Raises:
        RunError: a value is invalid; the message names each.
        RequestRefusedError: the body is too large, not JSON, or of another media type.
    """
    matched = operation.pattern.fullmatch(event.path)
    given = {
        "path": matched.groupdict() if matched else {},
        "query": _with_key(operation, "query", event.query_string_parameters or {}, event),
    }
    values = {name: _checked(operation.adapters[name], given[name]) for name in operation.takes if name != "body"}
    _check_known("parameter", given["query"], _names(operation.takes.get("query")))
    if "body" not in operation.takes:
        return values
    sent = _with_key(operation, "body", _json_body(event), event)
    body = _checked(operation.adapters["body"], sent)
    ignored = unknown_fields(body, sent)
    if operation.takes_ignored:
        return values | {"body": body, "ignored": ignored}
    _check_known("field", ignored, _names(operation.takes["body"]))
    return values | {"body": body}


def _json_body(event: APIGatewayProxyEventV2) -> Any:
    """Return what the body has; without a body, an empty object."""
    try:
        text = event.decoded_body or ""
    except ValueError:
        raise RequestRefusedError("malformed", "the body is not UTF-8 text") from None
    if (size := len(text.encode(errors="replace"))) > MAX_REQUEST_BYTES:
        reason = f"the body has {size:,} bytes; at most {MAX_REQUEST_BYTES:,} are accepted"
        raise RequestRefusedError("too_large", reason)
    if not text:
        return {}
    media_type = (event.headers.get("content-type") or "").partition(";")[0].strip().lower()
    if media_type != _JSON:
        raise RequestRefusedError("wrong_media_type", f"the body's Content-Type is {media_type!r}; expected {_JSON}")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise RequestRefusedError("malformed", "the body is not JSON") from None


def _with_key(operation: Operation, place: str, sent: Any, event: APIGatewayProxyEventV2) -> Any:
    """Return the body or the query with the operation's key as the header has it, if it belongs there.

    Raises:
        RunError: there is another in it.
    """
    name, key = operation.key, event.headers.get(IDEMPOTENCY_KEY.lower())
    if name is None or key is None or not isinstance(sent, dict) or name not in _names(operation.takes.get(place)):
        return sent
    if sent.get(name) not in (None, key):
        raise RunError(f"{name} {sent[name]!r} and {IDEMPOTENCY_KEY} {key!r} differ: send one of them")
    return sent | {name: key}


def _checked(adapter: TypeAdapter[Any], given: Any) -> Any:
    try:
        return adapter.validate_python(given)
    except ValidationError as error:
        raise RunError(_reason(error)) from None


def _reason(error: ValidationError) -> str:
    first = error.errors()[0]
    match first["type"]:
        case "union_tag_not_found":
            return "type is missing"
        case "union_tag_invalid":
            return f"type {first['ctx']['tag']!r} is unknown; expected one of {first['ctx']['expected_tags']}"
        case "model_type" | "model_attributes_type" | "dict_type" if not first["loc"]:
            return "the body is JSON but not an object"
        case _:
            return explain(error, without=(*TYPES, *TAGS))


def _check_known(kind: str, given: Mapping[str, Any] | list[str], known: list[str]) -> None:
    for name in given:
        if name not in known:
            names = f"; known: {', '.join(known)}" if known else "; there is none here"
            raise RunError(f"{name} is not a known {kind}{suggestion(name, known)}{names}")


def _names(model: Any) -> list[str]:
    """Return the names of a model's fields on the wire."""
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return [name for each in get_args(model) for name in _names(each)]
    return [field.alias or name for name, field in model.model_fields.items()]
