"""Errors of the HTTP API: problem details (RFC 9457) with the protocol's codes and words."""

from typing import Annotated, Final, Literal

from pydantic import Field

from tickfold.errors import ErrorCode
from tickfold.protocol.wire import Reason, Wire

MEDIA_TYPE: Final = "application/problem+json"

ProblemCode = ErrorCode | Literal["forbidden", "malformed", "too_large", "wrong_method", "wrong_media_type"]
"""The protocol's codes; and that the token is not meant as a login; and what only HTTP can get wrong."""


class Problem(Wire):
    """Why a request was refused; it had no effect."""

    type: Annotated[Literal["about:blank"], Field(description="The problem is what `status` says.")] = "about:blank"
    title: Annotated[str, Field(description="The name of `status`.")]
    status: Annotated[int, Field(ge=400, le=599, description="The HTTP status.")]
    detail: Reason
    code: Annotated[ProblemCode, Field(description="The kind of error, for programs.")]
    request_id: Annotated[str, Field(description="API Gateway's id of the request, as the logs have it.")]


class GatewayMessage(Wire):
    """What API Gateway answers by itself, before a request comes to Tickfold."""

    message: str | None = None
