"""The OpenAPI document: valid, complete, and the same that is served."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from functions.api import http
from functions.api.areas import OPERATIONS
from functions.api.openapi import document
from functions.api.problems import STATUS
from tests.functions.api.conftest import CONTEXT, Client, event_of
from tickfold.identity.claims import Login

DOCUMENT = document()


def test_document_is_served_without_a_token(client: Client) -> None:
    event = event_of("GET", "/v1/openapi.json", None, {}, None)
    answer = http.respond(event, CONTEXT, client.services, Login("", ""))
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, DOCUMENT)
    kept = {"If-None-Match": answer["headers"]["ETag"]}
    event = event_of("GET", "/v1/openapi.json", None, kept, None)
    assert http.respond(event, CONTEXT, client.services, Login("", ""))["statusCode"] == 304


def test_every_operation_is_in_it() -> None:
    found = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert found == {(each.method, each.path) for each in OPERATIONS}
    assert DOCUMENT["openapi"] == "3.1.0"


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_every_operation_says_what_it_may_answer(operation: Any) -> None:
    described = DOCUMENT["paths"][operation.path][operation.method.lower()]
    always = {401, 403, 422, 429, 500, 503, operation.status}
    own = {STATUS[code] for code in operation.refusals}
    with_body = {400, 413, 415} if "body" in operation.takes else set()
    with_path = {404} if "path" in operation.takes else set()
    has_etag = {304} if operation.has_etag else set()
    assert {int(status) for status in described["responses"]} == always | own | with_body | with_path | has_etag
    assert described["summary"]


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"])
def test_schemas_are_schemas(name: str) -> None:
    Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


def test_every_reference_leads_somewhere() -> None:
    def references(node: Any) -> Any:
        if isinstance(node, dict):
            yield from [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            for each in node.values():
                yield from references(each)
        elif isinstance(node, list):
            for each in node:
                yield from references(each)

    names = {reference.removeprefix("#/components/schemas/") for reference in references(DOCUMENT)}
    assert names <= DOCUMENT["components"]["schemas"].keys()


def test_parameter_that_may_be_left_out_is_not_null() -> None:
    parameters = DOCUMENT["paths"]["/v1/runs"]["get"]["parameters"]
    assert {each["name"]: each["schema"].get("type") for each in parameters} == {"limit": "integer", "before": "string"}


def test_key_may_be_in_the_header_so_that_no_other_place_is_required() -> None:
    closing = DOCUMENT["paths"]["/v1/portfolios/{portfolio}/positions/{symbol}"]["delete"]
    required = {each["name"]: each["required"] for each in closing["parameters"]}
    assert required == {"portfolio": True, "symbol": True, "orderId": False, "Idempotency-Key": False}


def test_body_is_required_where_a_field_of_it_is() -> None:
    paths = ("/v1/runs", "/v1/portfolios/{portfolio}/orders", "/v1/portfolios/{portfolio}/kill")
    bodies = {path: DOCUMENT["paths"][path]["post"]["requestBody"]["required"] for path in paths}
    assert list(bodies.values()) == [True, True, False]


def test_status_names_every_code_that_has_it() -> None:
    placing = DOCUMENT["paths"]["/v1/portfolios/{portfolio}/orders"]["post"]["responses"]
    assert placing["409"]["description"] == "`conflict`, `limit`: Conflict."
    assert placing["429"]["description"] == "`limit`: Too Many Requests."
