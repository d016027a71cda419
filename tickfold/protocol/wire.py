"""The base of everything on the wire: JSON with camelCase names, in messages that fit into a WebSocket frame."""

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

from tickfold.identity.user import PORTFOLIO_ID

VERSION: Final = 1
LONGEST_REASON = 2_000
"""Characters; a longer reason is cut."""


class Wire(BaseModel):
    """An object on the wire. Unknown fields are ignored, so that the sender may be newer.

    It never holds NaN or an infinity, which JSON does not have, nor a negative zero.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        frozen=True,
        allow_inf_nan=False,
    )

    @field_validator("*", mode="after")
    @classmethod
    def _without_negative_zero(cls, value: Any) -> Any:
        return unsigned_zero(value)


def unsigned_zero(value: Any) -> Any:
    """Return `value`, a number or a container of them, with 0.0 for −0.0."""
    match value:
        case float():
            return value + 0.0
        case list():
            return [unsigned_zero(each) for each in value]
        case tuple() if type(value) is tuple:
            return tuple(map(unsigned_zero, value))
        case dict():
            return {name: unsigned_zero(each) for name, each in value.items()}
    return value


def is_absent(value: Any) -> bool:
    """Return whether a message leaves out a field that has this value: `exclude_if` of optional fields."""
    return not value


def is_unset(value: Any) -> bool:
    """Return whether a message leaves out a field of which 0 says something: `exclude_if` of it."""
    return value is None


def is_one(value: Any) -> bool:
    """Return whether a message leaves out a count that is only told where there are several: `exclude_if` of it."""
    return bool(value == 1)


def _shortened(reason: str) -> str:
    return reason if len(reason) <= LONGEST_REASON else reason[: LONGEST_REASON - 1] + "…"


CorrelationId = Annotated[str, Field(min_length=1, max_length=64)]
RunId = Annotated[str, Field(min_length=1, max_length=80)]
PortfolioId = Annotated[str, Field(pattern=f"^{PORTFOLIO_ID.pattern}$")]
Reason = Annotated[str, AfterValidator(_shortened), Field(description="What was wrong and what was expected.")]


class ClientRequest(Wire):
    """The fields of every request."""

    correlation_id: Annotated[
        CorrelationId | None, Field(description="Returned in the reply, so that the client can match the two.")
    ] = None


class Message(Wire):
    """The fields of every message to the client."""

    version: Literal[1] = VERSION
    run_id: Annotated[str | None, Field(description="The run; null if the message belongs to none.")] = None
    sequence: Annotated[
        int,
        Field(
            ge=0,
            description="Position among the run's messages: 1, 2, 3 …; of `bars`, the number of the last one; 0 for "
            "any other message.",
        ),
    ] = 0
    correlation_id: Annotated[
        CorrelationId | None,
        Field(exclude_if=is_absent, description="The request's. Only in a reply to a request that had one."),
    ] = None


def dump(message: BaseModel) -> str:
    """Return `message` as JSON for the wire."""
    return message.model_dump_json(by_alias=True)
