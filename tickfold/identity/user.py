"""Whom a connection belongs to, as the authorizer tells the functions behind it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

PORTFOLIO_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
MOST_PORTFOLIOS = 100
"""API Gateway hands on 8 KB of an authorizer's answer; as many ids of the longest kind take 6.5 KB of it."""


@dataclass(frozen=True)
class Identity:
    """A user, the ids of the portfolios that are theirs, and when their token expires, in seconds since 1970 UTC."""

    user_id: str
    portfolios: tuple[str, ...]
    expires_at: int

    def to_context(self) -> dict[str, str]:
        """Return the context of an authorizer's answer: its values must be plain, so the ids stand in one string."""
        return {
            "user_id": self.user_id,
            "portfolios": " ".join(self.portfolios),
            "expires_at": str(self.expires_at),
        }

    @classmethod
    def of(cls, request_context: Mapping[str, Any]) -> Self:
        """Return the identity in the `requestContext` of an event behind the authorizer.

        Raises:
            KeyError: no authorizer has let this request in.
        """
        context = request_context["authorizer"]
        return cls(context["user_id"], tuple(context["portfolios"].split()), int(context["expires_at"]))
