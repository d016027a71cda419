"""Who a connection belongs to, as the token of its handshake says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Identity:
    """A user, the portfolios that are granted to it, and the time until which that holds, in seconds since 1970 UTC."""

    user_id: str
    portfolios: tuple[str, ...]
    expires_at: int

    @classmethod
    def of(cls, request_context: Mapping[str, Any]) -> Self:
        """Return what the authorizer found out, from an event's requestContext."""
        found = request_context.get("authorizer") or {
            "principalId": "anonymous",
            "portfolios": "p1",
            "expiresAt": "9999999999",
        }
        return cls(str(found["principalId"]), tuple(str(found["portfolios"]).split()), int(found["expiresAt"]))
