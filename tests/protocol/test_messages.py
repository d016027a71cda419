"""Messages: long texts are cut, absent fields are left out, and errors are explained in words."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from tickfold.protocol import (
    LONGEST_REASON,
    MESSAGES,
    REQUESTS,
    Accepted,
    BacktestConfig,
    Error,
    Failed,
    Partial,
    Pong,
    Ranked,
    RequestError,
    Sample,
    Subscribed,
    dump,
    parse_request,
)
from tickfold.protocol.validation import explain

CONFIG = BacktestConfig.model_validate(
    {"stock": "GOOG", "startDate": "2024-01-01", "endDate": "2024-01-02", "startCapital": 1}
)


@pytest.mark.parametrize(("length", "kept"), [(1_999, 1_999), (2_000, 2_000), (2_001, 1_999)])
def test_long_reason_is_cut(length: int, kept: int) -> None:
    assert LONGEST_REASON == 2_000
    for message in (Error(reason="x" * length), Failed(stage="plan", reason="x" * length)):
        assert message.reason == "x" * kept + ("…" if kept < length else "")


def test_ignored_fields_are_limited_in_number_and_length() -> None:
    accepted = Accepted(execution_arn="arn", config=CONFIG, ignored=["x" * 81] * 21)
    assert accepted.ignored == ["x" * 80] * 20


def test_absent_fields_are_left_out() -> None:
    assert json.loads(dump(Pong())) == {"version": 1, "runId": None, "sequence": 0, "type": "pong"}
    assert json.loads(dump(Pong(correlation_id="c-1")))["correlationId"] == "c-1"
    sent = json.loads(dump(Accepted(execution_arn="arn", config=CONFIG)))
    assert not {"correlationId", "portfolio", "ignored"} & sent.keys()
    assert not {"after", "lastSequence"} & json.loads(dump(Subscribed(topic="run", id="r"))).keys()
    symbol = json.loads(dump(Subscribed(topic="symbol", id="GOOG", after=0, last_sequence=0)))
    assert (symbol["after"], symbol["lastSequence"]) == (0, 0)


def test_every_type_is_unique() -> None:
    types = [model.model_fields["type"].default for model in (*REQUESTS, *MESSAGES)]
    assert len(set(types)) == len(types)


def test_request_of_the_most_bytes_is_parsed() -> None:
    ping = '{"type": "ping"}'
    assert parse_request(ping + " " * (32_000 - len(ping)))
    with pytest.raises(RequestError, match="the message has 32,001 bytes; at most 32,000 are accepted"):
        parse_request(ping + " " * (32_001 - len(ping)))


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: int = Field(default=1, ge=1)
    code: str = Field(default="A", pattern="^[A-Z]$")
    even: int = 2
    parts: list[int] = []
    inner: "Thing | None" = None

    @field_validator("even")
    @classmethod
    def _check_even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("must be even")
        return value

    @field_validator("parts")
    @classmethod
    def _check_parts(cls, value: list[int]) -> list[int]:
        if len(value) > 2:
            raise ValueError("parts has more than two")
        return value


class Needs(BaseModel):
    name: str


@pytest.mark.parametrize(
    ("model", "fields", "text"),
    [
        (Needs, {}, "name is missing"),
        (Thing, {"colour": 1}, "colour is not a known field"),
        (Thing, {"count": 0}, "count 0: input should be greater than or equal to 1"),
        (Thing, {"even": 3}, "even 3: must be even"),
        (Thing, {"parts": [1, 2, 3]}, "parts has more than two"),
        (Thing, {"code": "a"}, "code 'a' does not match ^[A-Z]$"),
        (Thing, {"code": "a" * 58}, f"code '{'a' * 58}' does not match ^[A-Z]$"),
        (Thing, {"code": "a" * 59}, f"code '{'a' * 56}... does not match ^[A-Z]$"),
        (Thing, {"even": 1, "inner": {"even": 3}}, "even 1: must be even; inner.even 3: must be even"),
    ],
)
def test_validation_error_is_explained_field_by_field(
    model: type[BaseModel], fields: dict[str, Any], text: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(fields)
    assert explain(caught.value) == text


def test_parts_of_a_path_that_the_sender_never_wrote_are_left_out() -> None:
    with pytest.raises(ValidationError) as caught:
        Thing.model_validate({"inner": {"parts": ["x"]}})
    assert explain(caught.value, without=["inner"]).startswith("parts.0 'x': input should be a valid integer")


def test_no_message_has_a_negative_zero() -> None:
    sent = [
        Partial(piece=1, pieces=1, equity=[(0, -0.0)], buy_and_hold=[-0.0, None]),
        Ranked(rank=1, parameters={"level": -0.0}, metrics={"sharpe": -0.0, "alpha": None}),
        Sample(start=0, end=1, metric=-0.0, total_return=-0.0),
    ]
    assert [message for message in sent if "-0" in message.model_dump_json()] == []
