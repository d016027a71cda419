"""The protocol's JSON Schema and its models accept the same requests and messages."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from pydantic import BaseModel
from pydantic import ValidationError as PydanticError

from docs.generate.protocol import schema
from tests.protocol.schema_instances import instances
from tickfold.protocol import MESSAGES, REQUESTS, RequestError, dump, parse_message, parse_request

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs/reference/protocol.schema.json").read_text())
REQUEST = Draft202012Validator(SCHEMA | {"anyOf": [{"$ref": "#/$defs/request"}]})
MESSAGE = Draft202012Validator(SCHEMA | {"anyOf": [{"$ref": "#/$defs/message"}]})
MANY = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@cache
def sent_by_schema(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Return the instances of the model's schema; built once, since a strategy takes longer to build than to draw."""
    return instances(SCHEMA, model.__name__)


def by_name(model: type[BaseModel]) -> str:
    return model.__name__


def test_published_schema_is_that_of_the_models() -> None:
    assert schema() == SCHEMA


def test_schema_is_valid_and_requires_a_type_everywhere() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for model in (*REQUESTS, *MESSAGES):
        assert "type" in SCHEMA["$defs"][model.__name__]["required"]
    words = {word for definition in SCHEMA["$defs"].values() for word in definition.get("properties", ())}
    assert [word for word in words if not word[0].islower() or "_" in word] == []


@pytest.mark.parametrize("model", REQUESTS, ids=by_name)
@given(data=st.data())
@MANY
def test_request_valid_by_schema_parses_and_round_trips(model: type[BaseModel], data: st.DataObject) -> None:
    sent = data.draw(sent_by_schema(model).filter(_keeps_the_rules_between_fields))
    REQUEST.validate(sent)
    request, ignored = parse_request(json.dumps(sent))
    assert isinstance(request, model)
    assert ignored == []
    again = dump(request)
    REQUEST.validate(json.loads(again))
    assert parse_request(again) == (request, [])


BETWEEN_FIELDS = (
    "is before startDate",
    "limitBars needs limit",
    "set fractionalShares",
    "a fraction of the cash is at most 1",
    "a yearly volatility is at most 1",
    "is a number without a unit",
    "more than once",
    "empty list",
    "add up to",
    "a sweep takes one symbol",
    "has no number in it",
    "has a value twice",
    "has no values",
    "numbers; take wider steps",
    "id is missing",
    "a symbol has 1 to 20",
    "only for the topics symbol",
    "is missing: a ",
    "order has none; for one with",
    "waits for its price",
    "exclude each other",
    "opens no position",
    "nothing to change",
    "give either fromRun",
    "expected one of above and below",
    "expected a price over 0",
    "expected dollars of at least 0",
    "expected another symbol than",
    "expected another time than begin",
    "expected with the channel webhook",
    "expected a URL such as",
)
"""The rules that the schema cannot state, by their error messages."""


def _keeps_the_rules_between_fields(sent: Any) -> bool:
    try:
        parse_request(json.dumps(sent))
    except RequestError as error:
        if any(rule in str(error) for rule in BETWEEN_FIELDS):
            return False
        raise
    return True


@pytest.mark.parametrize("model", MESSAGES, ids=by_name)
@given(data=st.data())
@MANY
def test_message_valid_by_schema_parses_and_round_trips(model: type[BaseModel], data: st.DataObject) -> None:
    sent = data.draw(sent_by_schema(model).filter(_is_possible))
    MESSAGE.validate(sent)
    message = parse_message(json.dumps(sent))
    assert isinstance(message, model)
    again = dump(message)
    MESSAGE.validate(json.loads(again))
    assert parse_message(again) == message


def _is_possible(sent: Any) -> bool:
    """Return whether the config of an `accepted` is a valid request's, and the terms of alert rules are valid."""
    if "config" not in sent:
        try:
            parse_message(json.dumps(sent))
        except PydanticError as error:
            return not any(rule in str(error) for rule in BETWEEN_FIELDS)
        return True
    kind = "start_sweep" if "rankBy" in sent["config"] else "start_backtest"
    return _keeps_the_rules_between_fields({"type": kind, "config": sent["config"]})


@pytest.mark.parametrize(
    "wrong",
    [
        {"correlationId": "c-1"},
        {"type": "buy"},
        {"type": "resume"},
        {"type": "list_runs", "limit": 51},
        {"type": "subscribe", "topic": "bars"},
        {"type": "start_backtest", "config": {"stock": "AAPL"}},
        {"type": "pong"},
    ],
)
def test_invalid_request_is_invalid_by_schema_too(wrong: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        parse_request(json.dumps(wrong))
    with pytest.raises(ValidationError):
        REQUEST.validate(wrong)
