"""The errors of the HTTP API: which status each kind has, and the answer that says what was wrong."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from aws_lambda_powertools.event_handler import Response

from tickfold.errors import RunError, TickfoldError, TryLaterError
from tickfold.protocol import dump
from tickfold.protocol.problem import MEDIA_TYPE, Problem, ProblemCode

STATUS: Final[Mapping[ProblemCode, HTTPStatus]] = {
    "invalid": HTTPStatus.UNPROCESSABLE_ENTITY,
    "unknown_type": HTTPStatus.UNPROCESSABLE_ENTITY,
    "not_found": HTTPStatus.NOT_FOUND,
    "conflict": HTTPStatus.CONFLICT,
    "limit": HTTPStatus.CONFLICT,
    "expired": HTTPStatus.UNAUTHORIZED,
    "forbidden": HTTPStatus.FORBIDDEN,
    "malformed": HTTPStatus.BAD_REQUEST,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "wrong_method": HTTPStatus.METHOD_NOT_ALLOWED,
    "wrong_media_type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "internal": HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The status of each kind of error; that of a limit which time lifts is 429."""


class RequestRefusedError(TickfoldError):
    """A request is refused for what only HTTP can get wrong. The message is for the client."""

    retryable = False

    def __init__(self, code: ProblemCode, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.headers = headers or {}


def problem(error: RequestRefusedError | RunError, request_id: str) -> Response[str]:
    """Return the answer to a request that was refused."""
    status, headers = STATUS[error.code], {"Cache-Control": "no-store"}
    if isinstance(error, TryLaterError):
        status = HTTPStatus.TOO_MANY_REQUESTS
        headers["Retry-After"] = str(error.seconds)
    told = Problem(title=status.phrase, status=status, detail=str(error), code=error.code, request_id=request_id)
    if isinstance(error, RequestRefusedError):
        headers |= error.headers
    return Response(status, MEDIA_TYPE, dump(told), headers)
