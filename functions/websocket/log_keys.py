"""The ids that each log line of a connection's functions carries, so that lines of several functions can be joined."""

from collections.abc import Mapping
from typing import Any


def connection_keys(event: Mapping[str, Any]) -> dict[str, str]:
    """Return the ids of the connection, of the user, if the authorizer has named one, and of API Gateway's request.

    The request's is the `requestId` of the access log.
    """
    context = event.get("requestContext") or {}
    user = context.get("authorizer") or {}
    return _known(
        connection_id=context.get("connectionId"),
        api_request_id=context.get("requestId"),
        user_id=user.get("user_id"),
    )


def request_keys(request: object) -> dict[str, str]:
    """Return the type of a client's request, its correlation id, and the run or the topic that it names, if any."""
    names = {
        "request": "type",
        "correlation_id": "correlation_id",
        "run_id": "run_id",
        "topic": "topic",
        "topic_id": "id",
    }
    return _known(**{key: getattr(request, name, None) for key, name in names.items()})


def _known(**keys: Any) -> dict[str, str]:
    return {name: str(value) for name, value in keys.items() if value is not None}
