"""What everything on the wire has in common: JSON with camelCase names, in messages that fit into a WebSocket frame."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

VERSION: Final = 1
MAX_MESSAGE_BYTES = 32_000
"""A larger WebSocket frame would close the connection."""
MAX_REQUEST_BYTES = 32_000


class Wire(BaseModel):
    """Any object on the wire. Fields that it does not know are ignored: their sender may be newer."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        frozen=True,
        allow_inf_nan=False,
    )


CorrelationId = Annotated[str, Field(min_length=1, max_length=64)]
RunId = Annotated[str, Field(min_length=1, max_length=80)]
PortfolioId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


def dump(message: BaseModel) -> str:
    """Return `message` as it goes over the wire."""
    return message.model_dump_json(by_alias=True)
