"""The OpenAPI document: every operation, what it takes, and every answer that it can give."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any, Final, Literal

from pydantic import TypeAdapter

from functions.api.areas import AREAS, OPERATIONS
from functions.api.operation import Operation
from functions.api.problems import STATUS
from functions.api.requests import IDEMPOTENCY_KEY
from tickfold.protocol.json_schema import readable
from tickfold.protocol.problem import MEDIA_TYPE, GatewayMessage, Problem, ProblemCode

Json = dict[str, Any]

_JSON: Final = "application/json"
_TITLE: Final = "Tickfold"
_DESCRIPTION: Final = (
    "Backtests that are fanned out and folded back into one exact result, portfolios that trade on paper by the same "
    "rules, alerts, and the market data that all of it runs on. "
    "Amounts are in dollars, ratios are fractions, times are milliseconds since 1970 UTC."
)
_ANY_REQUEST: Final[tuple[ProblemCode, ...]] = ("forbidden", "internal", "invalid")
_WITH_BODY: Final[tuple[ProblemCode, ...]] = ("malformed", "too_large", "wrong_media_type")
_OF_GATEWAY: Final[Mapping[HTTPStatus, str]] = {
    HTTPStatus.UNAUTHORIZED: "There is no token, or it is expired or not the issuer's for this API. From API Gateway.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests; try again later.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "",
    HTTPStatus.SERVICE_UNAVAILABLE: "The request took too long, or the service is overloaded. From API Gateway.",
}
"""What API Gateway answers by itself, with a message of its own."""
_OF_PATHS: Final = {HTTPStatus.NOT_FOUND: "The path has characters that no path may have. From API Gateway."}


@cache
def rendered() -> str:
    """Return the document as text."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def document() -> Json:
    """Return the document."""
    schemas = _Schemas(OPERATIONS)
    paths: dict[str, Json] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": _TITLE, "version": "1", "description": _DESCRIPTION},
        "tags": [{"name": area.name, "description": area.description} for area in AREAS],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "schemas": schemas.definitions,
        },
    }


class _Schemas:
    """The schemas of all models of some operations: those that requests have, and those that answers have."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        answers = {Problem.__name__: Problem, GatewayMessage.__name__: GatewayMessage}
        kinds: list[tuple[Any, Literal["validation", "serialization"], TypeAdapter[Any]]] = [
            (name, "serialization", TypeAdapter(model)) for name, model in answers.items()
        ]
        for each in operations:
            kinds.append((f"{each.name}.answer", "serialization", TypeAdapter(each.answer)))
            kinds += [(f"{each.name}.{name}", "validation", adapter) for name, adapter in each.adapters.items()]
        roots, found = TypeAdapter.json_schemas(kinds, ref_template="#/components/schemas/{model}")
        self._roots: dict[str, Json] = {name: readable(schema) for (name, _), schema in roots.items()}
        self.definitions: Json = readable(found["$defs"])

    def of(self, name: str) -> Json:
        """Return the schema of a model by its name, or of an operation's `answer`, `path`, `query` or `body`."""
        return self._roots[name]

    def fields(self, name: str) -> tuple[Json, Sequence[str]]:
        """Return the schemas of a model's fields, and the names of those that are required."""
        schema = self.of(name)
        if "anyOf" in schema:  # which have the fields in common that anybody asks for
            schema = schema["anyOf"][0]
        if "$ref" in schema:
            schema = self.definitions[schema["$ref"].rpartition("/")[2]]
        return schema.get("properties", {}), schema.get("required", ())


def _operation(operation: Operation, schemas: _Schemas) -> Json:
    summary, _, rest = " ".join((operation.carry_out.__doc__ or "").split()).partition(". ")
    described: Json = {
        "operationId": operation.name,
        "tags": [operation.area],
        "summary": summary.removesuffix("."),
        "description": rest,
        "parameters": [*_parameters(operation, schemas)],
        "responses": {str(int(status)): answer for status, answer in sorted(_answers(operation, schemas).items())},
    }
    if "body" in operation.takes:
        _, required = schemas.fields(f"{operation.name}.body")
        described["requestBody"] = {
            "required": bool({*required} - {operation.key}),
            "content": {_JSON: {"schema": schemas.of(f"{operation.name}.body")}},
        }
    return {name: value for name, value in described.items() if value not in ("", [])}


def _parameters(operation: Operation, schemas: _Schemas) -> Iterator[Json]:
    for place in ("path", "query"):
        if place not in operation.takes:
            continue
        fields, required = schemas.fields(f"{operation.name}.{place}")
        for name, schema in fields.items():
            yield {
                "name": name,
                "in": place,
                "required": place == "path" or name in {*required} - {operation.key},
                "description": schema.get("description", ""),
                "schema": _plain(schema),
            }
    if operation.key is not None:
        place = "body" if "body" in operation.takes else "query"
        fields, _ = schemas.fields(f"{operation.name}.{place}")
        yield {
            "name": IDEMPOTENCY_KEY,
            "in": "header",
            "required": False,
            "description": f"The request's `{operation.key}`, unless the {place} has it.",
            "schema": _plain(fields[operation.key]),
        }


def _plain(schema: Json) -> Json:
    """Return the schema of a parameter, described elsewhere; where it may be left out, it cannot be null."""
    rest = {name: value for name, value in schema.items() if (name, value) != ("default", None)}
    rest.pop("description", None)
    options: list[Json] = [each for each in rest.get("anyOf", ()) if each != {"type": "null"}]
    if len(options) != 1:
        return rest
    return {name: value for name, value in rest.items() if name != "anyOf"} | options[0]


def _answers(operation: Operation, schemas: _Schemas) -> dict[HTTPStatus, Json]:
    found = {operation.status: _success(operation, schemas)}
    if operation.has_etag:
        found[HTTPStatus.NOT_MODIFIED] = {"description": "What the client has, as If-None-Match says, is still right."}
    codes: set[ProblemCode] = {*_ANY_REQUEST, *operation.refusals}
    codes |= {*_WITH_BODY} if "body" in operation.takes else set()
    by_status: dict[HTTPStatus, list[ProblemCode]] = {HTTPStatus.TOO_MANY_REQUESTS: ["limit"]}
    for code in sorted(codes):
        by_status.setdefault(STATUS[code], []).append(code)
    for status, of_status in by_status.items():
        found[status] = {
            "description": f"{', '.join(f'`{code}`' for code in of_status)}: {status.phrase}.",
            "content": {MEDIA_TYPE: {"schema": schemas.of("Problem")}},
        }
    of_gateway = {**_OF_GATEWAY, **(_OF_PATHS if "path" in operation.takes else {})}
    for status, text in of_gateway.items():
        answer = found.setdefault(status, {"description": text, "content": {}})
        answer["content"][_JSON] = {"schema": schemas.of("GatewayMessage")}
    found[HTTPStatus.TOO_MANY_REQUESTS]["headers"] = {
        "Retry-After": {"description": "Seconds to wait. Not from API Gateway.", "schema": {"type": "integer"}}
    }
    return found


def _success(operation: Operation, schemas: _Schemas) -> Json:
    headers = dict(operation.headers)
    if operation.has_etag:
        headers["ETag"] = "Send it as If-None-Match to get 304 while the answer is the same."
    answer: Json = {
        "description": operation.status.phrase,
        "content": {_JSON: {"schema": schemas.of(f"{operation.name}.answer")}},
    }
    if headers:
        answer["headers"] = {
            name: {"description": text, "schema": {"type": "string"}} for name, text in headers.items()
        }
    return answer
