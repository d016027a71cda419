"""The user of a connection, as the authorizer passes it to the functions behind it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

PORTFOLIO_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
MOST_PORTFOLIOS = 100
"""API Gateway passes on 8 KB of an authorizer's response; so many ids of 64 characters take 6.5 KB."""


@dataclass(frozen=True)
class User:
    """A user, the ids of the user's portfolios, and when the token expires, in seconds since 1970 UTC."""

    user_id: str
    portfolios: tuple[str, ...]
    expires_at: int

    def to_context(self) -> dict[str, str]:
        """Return the context of an authorizer's response. Its values must be scalar: the ids are joined by spaces."""
        return {
            "user_id": self.user_id,
            "portfolios": " ".join(self.portfolios),
            "expires_at": str(self.expires_at),
        }

    @classmethod
    def of(cls, request_context: Mapping[str, Any]) -> Self:
        """Return the user in the `requestContext` of an event.

        Raises:
            KeyError: the request did not pass the authorizer.
        """
        context = request_context["authorizer"]
        return cls(context["user_id"], tuple(context["portfolios"].split()), int(context["expires_at"]))
