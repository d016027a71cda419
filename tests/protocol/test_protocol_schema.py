"""The protocol's JSON Schema and its models agree: what one of them allows, the other takes and gives back."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from pydantic import BaseModel

from tests.protocol.schema_instances import instances
from tickfold.protocol import MESSAGES, REQUESTS, RequestError, dump, parse_message, parse_request

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs/reference/protocol.schema.json").read_text())
REQUEST = Draft202012Validator(SCHEMA | {"anyOf": [{"$ref": "#/$defs/request"}]})
MESSAGE = Draft202012Validator(SCHEMA | {"anyOf": [{"$ref": "#/$defs/message"}]})
MANY = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def by_name(model: type[BaseModel]) -> str:
    return model.__name__


def test_it_is_a_schema_with_a_type_in_everything_that_is_sent() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for model in (*REQUESTS, *MESSAGES):
        assert "type" in SCHEMA["$defs"][model.__name__]["required"]
    words = {word for definition in SCHEMA["$defs"].values() for word in definition.get("properties", ())}
    assert [word for word in words if not word[0].islower() or "_" in word] == []


@pytest.mark.parametrize("model", REQUESTS, ids=by_name)
@given(data=st.data())
@MANY
def test_a_request_by_the_schema_is_taken_and_survives_the_wire(model: type[BaseModel], data: st.DataObject) -> None:
    said = data.draw(instances(SCHEMA, model.__name__).filter(_keeps_the_rules_between_fields))
    REQUEST.validate(said)
    request, ignored = parse_request(json.dumps(said))
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
    "more than once",
    "empty list",
    "add up to",
    "a sweep takes one symbol",
    "has no number in it",
    "has a value twice",
    "has no values",
    "numbers; take wider steps",
    "id is missing",
)
"""The rules that the schema does not state, as a refusal says them."""


def _keeps_the_rules_between_fields(said: Any) -> bool:
    try:
        parse_request(json.dumps(said))
    except RequestError as error:
        if any(rule in str(error) for rule in BETWEEN_FIELDS):
            return False
        raise
    return True


@pytest.mark.parametrize("model", MESSAGES, ids=by_name)
@given(data=st.data())
@MANY
def test_a_message_by_the_schema_is_understood_and_survives_the_wire(
    model: type[BaseModel], data: st.DataObject
) -> None:
    said = data.draw(instances(SCHEMA, model.__name__).filter(_is_possible))
    MESSAGE.validate(said)
    message = parse_message(json.dumps(said))
    assert isinstance(message, model)
    again = dump(message)
    MESSAGE.validate(json.loads(again))
    assert parse_message(again) == message


def _is_possible(said: Any) -> bool:
    """Tell whether the config of an `accepted`, if it is one, could have been asked for."""
    if "config" not in said:
        return True
    kind = "start_sweep" if "rankBy" in said["config"] else "start_backtest"
    return _keeps_the_rules_between_fields({"type": kind, "config": said["config"]})


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
def test_what_is_refused_is_not_by_the_schema_either(wrong: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        parse_request(json.dumps(wrong))
    with pytest.raises(ValidationError):
        REQUEST.validate(wrong)
